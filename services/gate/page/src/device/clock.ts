/** The device's own clock, which may be wrong and may be set, and one that nobody sets. Milliseconds. */
export interface Clock {
  now(): number;
  steady(): number;
}

export const deviceClock: Clock = { now: () => Date.now(), steady: () => performance.now() };
