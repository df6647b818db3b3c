declare module '*.css';

/** What Vite replaces at build time. */
interface ImportMeta {
  readonly env: { readonly DEV: boolean };
}
