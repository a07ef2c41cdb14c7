import type { Answer } from '@atoll/storage/faulty-server';

export function xml(content: string): Answer {
  const body = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>${content}`);
  return { status: 200, headers: { 'Content-Type': 'application/xml' }, body };
}

export function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
