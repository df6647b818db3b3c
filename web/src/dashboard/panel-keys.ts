import { useEffect } from 'preact/hooks';

const TOOLS: Readonly<Record<string, string>> = { v: 'view', e: 'explore', i: 'inspect' };
const ARROWS: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Keys of panels: `v`, `e` and `i` act on the one with the focus or under the pointer, arrows move the focus between them. */
export function usePanelKeys(): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (document.querySelector('dialog[open]')) return;
      const target = event.composedPath()[0];
      if (target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
      const focused = document.activeElement?.closest<HTMLElement>('.dash-panel') ?? undefined;
      const tool = TOOLS[event.key];
      if (tool !== undefined) {
        const panel =
          focused ??
          document.querySelector<HTMLElement>('.dash-panel:hover') ??
          document.querySelector<HTMLElement>('.dash-panel.is-alone');
        const button = panel?.querySelector<HTMLElement>(`[data-tool="${tool}"]`);
        if (!button) return;
        event.preventDefault();
        button.click();
        return;
      }
      if (event.key === 'Escape') {
        document.querySelector<HTMLElement>('.dash-panel.is-alone [data-tool="view"]')?.click();
        return;
      }
      const direction = ARROWS[event.key];
      if (!direction || !focused || document.activeElement !== focused) return;
      const next = neighbour(focused, direction);
      if (!next) return;
      event.preventDefault();
      next.focus();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
}

/** The nearest panel in a direction: distance along it, and twice what lies across. */
function neighbour(from: HTMLElement, [dx, dy]: readonly [number, number]): HTMLElement | undefined {
  const middle = (element: HTMLElement): { x: number; y: number } => {
    const { left, top, width, height } = element.getBoundingClientRect();
    return { x: left + width / 2, y: top + height / 2 };
  };
  const start = middle(from);
  let best: HTMLElement | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const panel of document.querySelectorAll<HTMLElement>('.dash-panel')) {
    if (panel === from) continue;
    const { x, y } = middle(panel);
    const along = (x - start.x) * dx + (y - start.y) * dy;
    const across = Math.abs((x - start.x) * dy) + Math.abs((y - start.y) * dx);
    if (along <= 1) continue;
    const cost = along + 2 * across;
    if (cost < least) {
      least = cost;
      best = panel;
    }
  }
  return best;
}
