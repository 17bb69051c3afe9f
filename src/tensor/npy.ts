/** The file format of NumPy's arrays, `.npy` version 1.0: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html */

/** What stands before the elements of a float32 array in row-major order: little-endian, padded to 64 bytes. */
export function npyHeader(dims: readonly number[]): Uint8Array<ArrayBuffer> {
  const shape = dims.length === 1 ? `${dims[0]},` : dims.join(", ");
  const fields = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape}), }`;
  const prefixBytes = 10;
  const length = Math.ceil((prefixBytes + fields.length + 1) / 64) * 64;
  const header = new Uint8Array(length).fill(0x20);
  header.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0]);
  new DataView(header.buffer).setUint16(8, length - prefixBytes, true);
  header.set(new TextEncoder().encode(fields), prefixBytes);
  header[length - 1] = 0x0a;
  return header;
}

/** Elements as the format stores them, whatever the byte order of this machine. */
export function npyBytes(values: Float32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, index) => {
    view.setFloat32(index * 4, value, true);
  });
  return bytes;
}
