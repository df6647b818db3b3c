import type * as z from 'zod';

/** Reports a secret given both as a value and as a file, or, when needed, not at all. */
export function oneOf(
  object: object,
  names: readonly string[],
  context: z.RefinementCtx,
  { required = false }: { required?: boolean } = {},
): void {
  const given = names.filter((name) => {
    const value: unknown = Reflect.get(object, name);
    return value !== undefined && value !== '' && value !== 0;
  });
  if (given.length > 1) {
    context.addIssue({
      code: 'custom',
      path: [given[1]!],
      message: `expected at most one of ${names.join(', ')}, got both`,
    });
  }
  if (required && given.length === 0) {
    context.addIssue({ code: 'custom', path: [], message: `expected ${names.join(' or ')}, got neither` });
  }
}
