/** The last part of a Grafana-style link; for people only, the uid finds the dashboard. */
export function slugOf(title: string): string {
  const slug = title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '');
  return encodeURIComponent(slug === '' ? 'dashboard' : slug);
}
