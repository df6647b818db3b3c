/** Labels as quiet chips: name dim, value in the fixed-width face. */
export function LabelChips({
  labels,
}: {
  readonly labels: readonly (readonly [name: string, value: string])[];
}) {
  return (
    <span class="chips">
      {labels.map(([name, value]) => (
        <span class="chip" key={name}>
          <span class="chip-name">{name}</span>
          <span class="chip-value">{value}</span>
        </span>
      ))}
    </span>
  );
}
