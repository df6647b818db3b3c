import type { Context } from 'hono';
import type * as z from 'zod';

/** A body of JSON as a schema wants it, or what is wrong with it. */
export async function jsonBody<Schema extends z.ZodType>(
  c: Context,
  schema: Schema,
): Promise<{ readonly data: z.output<Schema> } | { readonly error: string }> {
  let value: unknown;
  try {
    value = await c.req.json();
  } catch {
    return { error: 'body: expected JSON, got something else' };
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return { data: parsed.data };
  const [issue] = parsed.error.issues;
  return { error: `${issue!.path.join('.') || 'body'}: ${issue!.message}` };
}
