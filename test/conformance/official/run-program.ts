import { closeSync, openSync } from 'node:fs';
import { Service, type ServiceOptions } from '../../harness/service.js';
import type { Ending } from './verdict.js';

export interface ProgramOptions extends ServiceOptions {
  readonly limitSeconds: number;
}

/** Runs a program to its end, or kills it and all it started when that takes too long. */
export async function runProgram({ limitSeconds, ...options }: ProgramOptions): Promise<Ending> {
  closeSync(openSync(options.logFile, 'w'));
  const service = new Service(options);
  const ended = await service.ended(limitSeconds * 1000);
  if (!ended) await service.kill();
  return { status: service.exitStatus, timedOut: !ended };
}
