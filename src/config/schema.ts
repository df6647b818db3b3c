import * as z from 'zod';
import type { LeafMeta } from './leaves.ts';

export interface Meta extends LeafMeta {
  readonly description?: string;
  readonly warning?: string;
}

/** A schema without what is wrapped around it, and all metadata on the way in; the outer wins. */
export interface Unwrapped {
  readonly schema: z.core.$ZodTypes;
  readonly meta: Meta;
  /** Default as it would be written, if there is one. */
  readonly default?: unknown;
  readonly isOptional: boolean;
}

export function unwrap(outer: z.core.$ZodType): Unwrapped {
  let schema = outer as z.core.$ZodTypes;
  let meta: Meta = {};
  let defaultValue: unknown;
  let isOptional = false;
  for (;;) {
    meta = { ...(z.globalRegistry.get(schema) as Meta | undefined), ...meta };
    const { def } = schema._zod;
    switch (def.type) {
      case 'optional':
      case 'nullable':
      case 'readonly':
        isOptional ||= def.type === 'optional';
        schema = def.innerType as z.core.$ZodTypes;
        break;
      case 'default':
      case 'prefault':
        isOptional = true;
        defaultValue ??= def.defaultValue;
        schema = def.innerType as z.core.$ZodTypes;
        break;
      case 'pipe':
        schema = def.in as z.core.$ZodTypes;
        break;
      case 'lazy':
        schema = innerOf(schema as z.core.$ZodLazy);
        break;
      default:
        return { schema, meta, default: defaultValue, isOptional };
    }
  }
}

/** What a lazy schema stands for, made once. */
export const innerOf = (schema: z.core.$ZodLazy): z.core.$ZodTypes =>
  schema._zod.innerType as z.core.$ZodTypes;

/** Schemas of the keys of a mapping schema. */
export function shapeOf(schema: z.core.$ZodTypes): Readonly<Record<string, z.core.$ZodType>> | undefined {
  return schema._zod.def.type === 'object' ? schema._zod.def.shape : undefined;
}
