import type { LogFacts, Logger, LogLevel } from '@atoll/runtime';

export interface TestLine {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly message: string;
  readonly facts: LogFacts;
}

/** A log that a test can read. */
export class TestLog implements Logger {
  readonly lines: TestLine[] = [];

  constructor(private readonly least: 'info' | 'debug' = 'debug') {}

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

  isOn(level: LogLevel): boolean {
    return level !== 'debug' || this.least === 'debug';
  }

  of(message: string): TestLine[] {
    return this.lines.filter((line) => line.message === message);
  }
}
