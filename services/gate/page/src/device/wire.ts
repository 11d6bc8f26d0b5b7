/** How the page speaks to the gate: what came back, and whether it is worth asking again. */
import { proof, type Signer } from "./signer";
import type { Body, Kind } from "./store";
import type { Bytes } from "../signed/bytes";
import type { Jwk } from "../signed/keys";

export const BATCH_SIZE = 200;
/** Statuses of a batch that is refused for what is in it, and not for who hands it in. */
export const UNREADABLE: ReadonlySet<number> = new Set([400, 413, 422]);
export const ROUTES: Record<Kind, string> = {
  entry: "/v1/entry-checks", vehicle: "/v1/vehicle-checks", arrival: "/v1/arrivals",
};
const PATIENCE_MS = 20_000;
/** A whole list over a bad network. */
const PATIENCE_FOR_A_LIST_MS = 60_000;

/** Nobody answered, or not now. `retryAfter`: seconds that the server asked for. */
export class NoAnswer extends Error {
  constructor(why: string, readonly retryAfter: number | null = null) { super(why); }
}
/** The device was revoked: it decides nothing any more, and hands in what it holds. */
export class Stopped extends Error {}
/** The server understood, and does not take it. */
export class Refused extends Error {
  constructor(readonly status: number, readonly code: string, readonly detail: string) { super(`${String(status)} ${code}`); }
}

export interface Enrolled {
  readonly device_id: string; readonly credential: string; readonly checkpoint: string; readonly compound: string;
  readonly list_keys: readonly Jwk[];
}
export interface ItemStatus {
  readonly status: string; readonly code: string | null; readonly retry_after: number | null;
}
interface Asked { readonly method?: "GET" | "POST"; readonly body?: string; readonly within?: number }
/** A ticket holds for five minutes of the server's; this is how long it is used. */
const TICKET_MS = 240_000;
const UNAUTHORIZED = 401;
const json = <T>(answer: Response): Promise<T> => answer.json() as Promise<T>;

/** What a device shows of itself, and signs by where it has a key. */
export interface Identity { readonly deviceId: string; readonly credential: string; readonly signer: Signer | null }

export class Wire {
  /** By how many milliseconds the server's real time is ahead of this clock, as far as its answers told. */
  private ahead = 0;
  private ticket: string | null = null;
  private ticketUntil = 0;

  constructor(private readonly me: Identity | null) {}

  async post<T>(path: string, body: Body, within = PATIENCE_MS): Promise<T> {
    return this.send(path, { method: "POST", body: JSON.stringify(body), within }, json<T>);
  }

  /** Single checks show it in place of a signature. */
  take(ticket: string | null | undefined): void {
    if (ticket) [this.ticket, this.ticketUntil] = [ticket, performance.now() + TICKET_MS];
  }

  async get<T>(path: string): Promise<T> {
    return this.send(path, {}, json<T>);
  }

  async batch(kind: Kind, bodies: readonly Body[]): Promise<readonly ItemStatus[]> {
    const told = await this.post<{ items?: readonly ItemStatus[] }>(`${ROUTES[kind]}/batch`, { checks: bodies });
    if (told.items?.length !== bodies.length) throw new NoAnswer("not from the gate");
    return told.items;
  }

  /** The signed list, and the server's time at its answer. */
  async snapshot(since: string | null): Promise<{ document: Bytes; now: number }> {
    const query = since === null ? "" : `?since=${encodeURIComponent(since)}`;
    const within = PATIENCE_FOR_A_LIST_MS;
    return this.send(`/v1/checkpoints/me/snapshot${query}`, { within }, async (answer) => {
      const now = Date.parse(answer.headers.get("fk-now") ?? "");
      if (Number.isNaN(now)) throw new NoAnswer("not from the gate");
      return { document: new Uint8Array(await answer.arrayBuffer()), now };
    });
  }

  /** Ask and read the whole answer within the time: a body that stalls is no answer either. */
  private async send<T>(
    path: string, { within = PATIENCE_MS, ...asked }: Asked, read: (answer: Response) => Promise<T>,
  ): Promise<T> {
    const gone = new AbortController();
    const timer = setTimeout(() => { gone.abort(); }, within);
    const ask = async (ticket: string | null): Promise<Response> => fetch(path, {
      ...asked, headers: await this.headers(path, asked, ticket), signal: gone.signal, cache: "no-store",
      credentials: "omit", redirect: "error",
    });
    try {
      const ticket = path === ROUTES.entry && performance.now() < this.ticketUntil ? this.ticket : null;
      let answer = await ask(ticket);
      if (answer.status === UNAUTHORIZED && this.me?.signer) { // a ticket that ran out, or signed for another time
        const now = await serversSecond(answer.clone());
        if (now !== null) this.ahead = now * 1000 - Date.now();
        if (ticket !== null || now !== null) answer = await ask(null);
      }
      return await read(answer.ok ? answer : await refuse(answer));
    } catch (error) {
      if (error instanceof NoAnswer || error instanceof Stopped || error instanceof Refused) throw error;
      throw new NoAnswer(error instanceof Error ? error.name : "unreachable");
    } finally {
      clearTimeout(timer);
    }
  }

  private async headers(path: string, { method = "GET", body = "" }: Asked, ticket: string | null): Promise<Headers> {
    const headers = new Headers(method === "POST" ? { "Content-Type": "application/json" } : {});
    if (this.me === null) return headers;
    const { deviceId, credential, signer } = this.me;
    const second = Math.floor((Date.now() + this.ahead) / 1000);
    const shown = ticket ?? (signer && await proof(signer, method, path, deviceId, second, body));
    headers.set("Authorization", ["Device", credential, ...(shown === null ? [] : [shown])].join(" "));
    return headers;
  }
}

/** The server's time, of a refusal that says that a signature was for another one. */
async function serversSecond(answer: Response): Promise<number | null> {
  const told = await json<{ code?: unknown; now?: unknown }>(answer).catch(() => null);
  return told?.code === "proof_stale" && typeof told.now === "number" ? told.now : null;
}

/** What an answer of 400 and above means to a device. */
async function refuse(answer: Response): Promise<never> {
  if (answer.status === 429 || answer.status >= 500) {
    const wished = answer.headers.get("retry-after") ?? "";
    throw new NoAnswer(String(answer.status), /^\d+$/.test(wished) ? Number(wished) : null);
  }
  const told = await json<{ code?: unknown; detail?: unknown }>(answer);
  if (typeof told.code !== "string") throw new NoAnswer(`${String(answer.status)}, not from the gate`);
  if (told.code === "device_revoked") throw new Stopped();
  throw new Refused(answer.status, told.code, typeof told.detail === "string" ? told.detail : "");
}
