/** Tells of elements when they come near the view and when they leave it again. */
export interface ViewWatch {
  /** @returns a function that ends it */
  observe(element: Element, told: (isNear: boolean) => void): () => void;
}

/** One observer for all elements: of hundreds, each would be asked at every frame. Near is less than a screen's half away. */
export function createViewWatch(): ViewWatch {
  const listeners = new Map<Element, (isNear: boolean) => void>();
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) listeners.get(target)?.(isIntersecting);
    },
    { rootMargin: '50% 0px' },
  );
  return {
    observe(element, told) {
      listeners.set(element, told);
      observer.observe(element);
      return () => {
        listeners.delete(element);
        observer.unobserve(element);
      };
    },
  };
}
