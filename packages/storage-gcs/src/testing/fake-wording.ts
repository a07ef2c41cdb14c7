import type { OutgoingHttpHeaders } from 'node:http';
import type { Answer } from '@atoll/storage/faulty-server';
import type { FakeError } from './fake-error.js';

export function asJson(status: number, content: unknown, headers: OutgoingHttpHeaders = {}): Answer {
  const told = { 'Content-Type': 'application/json; charset=UTF-8', ...headers };
  return { status, headers: told, body: Buffer.from(JSON.stringify(content)) };
}

export function asXml(content: string, status = 200): Answer {
  const body = Buffer.from(`<?xml version='1.0' encoding='UTF-8'?>${content}`);
  return { status, headers: { 'Content-Type': 'application/xml; charset=UTF-8' }, body };
}

export function empty(status: number, headers: OutgoingHttpHeaders = {}): Answer {
  return { status, headers, body: Buffer.alloc(0) };
}

export function jsonError({ status, message, reason }: FakeError): Answer {
  if (status === 304) return empty(304);
  const error = { code: status, message, errors: [{ message, domain: 'global', reason }] };
  return asJson(status, { error });
}

export function xmlError({ status, code, message }: FakeError): Answer {
  if (status === 304) return empty(304);
  const details = `<Message>${code}</Message><Details>${escaped(message)}</Details>`;
  return asXml(`<Error><Code>${code}</Code>${details}</Error>`, status);
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Of an answer, the fields that were asked for: `name,items(name,size)`. */
export function onlyFields(content: unknown, fields: string | undefined): unknown {
  if (fields === undefined) return content;
  if (Array.isArray(content)) return content.map((one) => onlyFields(one, fields));
  const chosen = [...fields.matchAll(/([A-Za-z0-9]+)(?:\(([^)]*)\))?/g)].flatMap(([, name = '', inner]) => {
    const value: unknown = Object.entries(content ?? {}).find(([key]) => key === name)?.[1];
    return value === undefined ? [] : [[name, onlyFields(value, inner)]];
  });
  return Object.fromEntries(chosen);
}
