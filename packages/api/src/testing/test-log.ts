import type { LogFacts, Logger } from '@atoll/runtime';

export interface TestLine {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly message: string;
  readonly facts: LogFacts;
}

/** A log that a test can read. */
export class TestLog implements Logger {
  readonly lines: TestLine[] = [];

  error(message: string, facts: LogFacts = {}): void {
    this.lines.push({ level: 'error', message, facts });
  }

  warn(message: string, facts: LogFacts = {}): void {
    this.lines.push({ level: 'warn', message, facts });
  }

  info(message: string, facts: LogFacts = {}): void {
    this.lines.push({ level: 'info', message, facts });
  }

  debug(message: string, facts: LogFacts = {}): void {
    this.lines.push({ level: 'debug', message, facts });
  }

  of(message: string): TestLine[] {
    return this.lines.filter((line) => line.message === message);
  }
}
