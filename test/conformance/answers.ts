import { z } from 'zod';
import type { Answer } from '../harness/wire.js';

const Errors = z.object({
  errors: z.array(z.object({ code: z.string(), message: z.string(), detail: z.unknown().optional() })).min(1),
});
export type ErrorRow = z.infer<typeof Errors>['errors'][number];

/** distribution-spec, Error Codes. @throws ZodError when the body has not that form */
export function errorsOf({ body }: Pick<Answer, 'body'>): ErrorRow[] {
  return Errors.parse(jsonOf({ body })).errors;
}

/** `404 BLOB_UNKNOWN`, or the status alone where all is well or the answer has no body. */
export function verdict(answer: Pick<Answer, 'status' | 'body'>): string {
  if (answer.status < 400 || answer.body.length === 0) return String(answer.status);
  return `${answer.status} ${errorsOf(answer)[0]?.code}`;
}

export function jsonOf({ body }: Pick<Answer, 'body'>): unknown {
  return JSON.parse(body.toString('utf8'));
}

/** Every value of a header, one per line of the head. */
export function valuesOf({ rawHeaders }: Answer, name: string): string[] {
  return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name.toLowerCase());
}

/** Path and query of the next page, if there is one. @throws Error when there are two, or it is not path-absolute */
export function nextPage(answer: Answer): string | undefined {
  const links = valuesOf(answer, 'Link');
  if (links.length === 0) return undefined;
  const target = /^<(\/v2\/[^<>"\s]*)>; rel="next"$/.exec(links.join())?.[1];
  if (target === undefined) throw new Error(`no path-absolute link to a next page: ${links.join()}`);
  return target;
}
