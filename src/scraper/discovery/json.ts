import type { LabelRecord } from './discoverer.ts';

/** A JSON object of which nothing is known. What is not as expected reads as empty. */
export type Json = Readonly<Record<string, unknown>>;

/** @throws Error naming where the text came from and how it begins, when it is not JSON */
export function parseJson(bytes: Uint8Array, from: string): unknown {
  const whole = new TextDecoder().decode(bytes);
  try {
    return JSON.parse(whole);
  } catch {
    throw new Error(`expected JSON from ${from}, got ${JSON.stringify(whole.slice(0, SHOWN_CHARACTERS))}`);
  }
}
const SHOWN_CHARACTERS = 60;

/** @throws Error naming where the value came from and how it begins, when it is no list */
export function expectList(value: unknown, from: string): unknown[] {
  if (Array.isArray(value)) return value;
  const written = JSON.stringify(value) ?? 'nothing';
  throw new Error(`expected a list from ${from}, got ${written.slice(0, SHOWN_CHARACTERS)}`);
}

export const mapping = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};

export const list = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.map(mapping) : []);

export const text = (value: unknown): string => (typeof value === 'string' ? value : '');

export const optionalText = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;

export const number = (value: unknown): number => (typeof value === 'number' ? value : 0);

export const textList = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];

/** Those entries of a mapping that are texts. */
export const record = (value: unknown): LabelRecord =>
  Object.fromEntries(
    Object.entries(mapping(value)).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
