/** Whether it makes sense to wait for an answer: the guard never chooses. */
const LAST = 5;
const BAD = 2;

export class Connectivity {
  private last: boolean[] = [];

  /** Of the last five calls two or more went unanswered, and the last one did. */
  get poor(): boolean {
    return this.last[0] === false && this.last.filter((answered) => !answered).length >= BAD;
  }

  note(answered: boolean): void {
    this.last = answered ? [true] : [false, ...this.last].slice(0, LAST);
  }
}
