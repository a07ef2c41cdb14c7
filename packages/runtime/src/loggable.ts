const HIDDEN = '[secret]';
const SENSITIVE = /authorization|token|signature|password|secret|cookie|credential/i;
/** What a URL proves its bearer's right with: a signature or token in the query, a password before the host. */
const IN_URLS =
  /(?<=[?&][^=&]*(?:signature|sig|token|credential|password)[^=&]*=)[^&\s"]+|(?<=:\/\/[^/\s:@]*:)[^/\s@]+(?=@)/gi;
const DEEPEST = 6;

/** A fact as it may be logged: secrets hidden by name, errors spelled out, no cycle, nothing deeper than a few levels. */
export function loggable(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return value.replace(IN_URLS, HIDDEN);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (depth === DEEPEST) return '[deeper]';
  if (value instanceof Error) return loggableError(value, depth);
  if ('toJSON' in value && typeof value.toJSON === 'function') return (value.toJSON as () => unknown)();
  if (Array.isArray(value)) return value.map((item) => loggable(item, depth + 1));
  if (value instanceof Map) return loggable(Object.fromEntries(value), depth);
  if (value instanceof Set) return loggable([...value], depth);
  return loggableFields(value, depth);
}

function loggableFields(value: object, depth: number): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    fields[name] = SENSITIVE.test(name) ? HIDDEN : loggable(field, depth + 1);
  }
  return fields;
}

function loggableError(error: Error, depth: number): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  return {
    name,
    message: loggable(message),
    ...loggableFields(error, depth),
    stack: loggable(stack),
    ...(cause === undefined ? {} : { cause: loggable(cause, depth + 1) }),
  };
}
