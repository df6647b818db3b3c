/** A long name may be broken before a capital or after an underscore, nowhere else. */
export function CamelName({ name }: { readonly name: string }) {
  const parts = name.split(/(?<=[a-z\d])(?=[A-Z])|(?<=[_:-])/);
  return (
    <>
      {parts.map((part, i) => (
        <>
          {i > 0 && <wbr />}
          {part}
        </>
      ))}
    </>
  );
}
