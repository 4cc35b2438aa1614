/** What the TensorFlow child is told, once. */
export interface GramRequest {
  readonly activations: string;
}

/** gram = Σ (h − shift)(h − shift)ᵀ, width × width */
export type GramAnswer =
  | { readonly ok: true; readonly gram: Float64Array; readonly shift: Float64Array }
  | { readonly ok: false; readonly message: string };
