import { connect, type Socket } from 'node:net';
import { faultOf, type Expected } from './judge.js';
import { BrokenReply, headerOf, ReplyReader, type Reply } from './reply-reader.js';

/**
 * What to send in one piece, and how to go on:
 * `answered`: every request in it has an end, so each gets an answer, in order, or the connection ends with the one before;
 * `half`, `cut`: nobody knows where its requests end, so our direction, or all of it, is closed at once;
 * `quiet`: the same, but only when nothing has come for a moment.
 */
export interface Step {
  readonly bytes: Buffer;
  readonly asks: readonly Expected[];
  readonly then: 'answered' | 'half' | 'cut' | 'quiet';
}

/** Something the server did that it must not do. */
export class Fault extends Error {
  override readonly name = 'Fault';
}

export interface Target {
  readonly host: string;
  readonly port: number;
}

const QUIET_MS = 20;

/** One connection: sends steps one after another and checks every answer. Opened again for the next step when it has ended. */
export class Connection {
  /** Since when an answer, or the end, has been waited for. */
  waitingSince: number | undefined;
  /** What was sent on this connection, for a replay. */
  sent: Step[] = [];
  #socket: Socket | undefined;
  #reader = new ReplyReader();
  #ended = true;
  #replies: Reply[] = [];
  #step: Step | undefined;
  #fault: Error | undefined;
  #changed: () => void = () => undefined;

  constructor(
    private readonly target: Target,
    private readonly statuses: Map<number, number>,
  ) {}

  /** The answers, as far as there are any. @throws Fault */
  async send(step: Step): Promise<Reply[]> {
    if (this.#ended || this.#socket === undefined) await this.#open();
    else if (this.#reader.midway) throw new Fault('bytes that answer nothing');
    this.#replies = [];
    this.#step = step;
    this.sent.push(step);
    this.waitingSince = performance.now();
    try {
      this.#socket?.write(step.bytes);
      if (step.then === 'answered') await this.#answered(step);
      else await this.#unframed(step.then);
    } finally {
      this.waitingSince = undefined;
    }
    if (this.#fault) throw this.#fault;
    return this.#replies;
  }

  /** Ends what hangs, and whatever waits for it. */
  giveUp(reason: string): void {
    this.#fail(new Fault(reason));
  }

  close(): void {
    this.#socket?.destroy();
    this.#ended = true;
  }

  async #answered({ asks }: Step): Promise<void> {
    await this.#until(() => this.#replies.length >= asks.length || this.#ended);
    if (this.#fault) return;
    const last = this.#replies.at(-1);
    const told = last !== undefined && headerOf(last.head, 'connection') === 'close';
    if (this.#replies.length < asks.length && (!told || this.#reader.midway)) {
      throw new Fault(`the connection ended after ${this.#replies.length} answers to ${asks.length} requests`);
    }
    if (told) this.close();
  }

  async #unframed(then: 'half' | 'cut' | 'quiet'): Promise<void> {
    if (then === 'cut') return this.close();
    if (then === 'quiet') await this.#quiet();
    this.#socket?.end();
    await this.#until(() => this.#ended);
  }

  async #quiet(): Promise<void> {
    for (let count = -1; count < this.#replies.length && !this.#ended;) {
      count = this.#replies.length;
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    }
  }

  async #until(done: () => boolean): Promise<void> {
    while (!done()) await new Promise<void>((resolve) => (this.#changed = resolve));
  }

  async #open(): Promise<void> {
    this.close();
    this.sent = [];
    this.#reader = new ReplyReader();
    this.#ended = false;
    const socket = connect({ ...this.target, allowHalfOpen: true, noDelay: true });
    this.#socket = socket;
    const end = (): void => {
      if (this.#socket !== socket) return;
      this.#ended = true;
      socket.destroy();
      this.#changed();
    };
    socket.on('data', (chunk: Buffer) => this.#socket === socket && this.#take(chunk));
    socket.on('end', end).on('close', end);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.on('error', (cause) => {
        reject(new Fault(`no connection: ${cause.message}`));
        end();
      });
    });
  }

  #take(chunk: Buffer): void {
    try {
      this.#reader.push(chunk);
      for (;;) {
        const expected = this.#step?.asks[this.#replies.length];
        const reply = this.#reader.next(expected?.toHead === true);
        if (reply === undefined) break;
        this.#replies.push(reply);
        this.statuses.set(reply.status, (this.statuses.get(reply.status) ?? 0) + 1);
        const surplus = this.#step?.then === 'answered' && expected === undefined;
        const fault = surplus ? 'an answer to nothing' : faultOf(reply, expected);
        if (fault !== undefined) return this.#fail(new Fault(fault));
      }
    } catch (cause) {
      if (!(cause instanceof BrokenReply)) throw cause;
      return this.#fail(new Fault(cause.message));
    }
    this.#changed();
  }

  #fail(fault: Fault): void {
    this.#fault ??= fault;
    this.close();
    this.#changed();
  }
}
