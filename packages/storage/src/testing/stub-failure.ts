import { RequestFailure } from '../request-failure.js';

/** A failure of no service in particular, which another attempt may heal. */
export class StubFailure extends RequestFailure {
  override readonly name = 'StubFailure';
  readonly throttled = false;
  readonly passing = true;
}
