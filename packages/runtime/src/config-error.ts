/** The environment (or what overrides it) cannot be used; `lines` has one fault each, all of them, ready to print. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly lines: readonly string[]) {
    super(
      `the configuration has ${lines.length === 1 ? 'a fault' : `${lines.length} faults`}:\n  ${lines.join('\n  ')}`,
    );
  }
}
