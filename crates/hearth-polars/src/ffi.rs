//! The C data interface itself: where both sides' structs are taken for each other's.
#![allow(unsafe_code)]

use std::mem::transmute;

use arrow::array::{Array, ArrayRef, make_array};
use arrow::datatypes::Field;
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi, to_ffi};
use polars::prelude::{ArrowField, PlSmallStr, PolarsResult};
use polars_arrow::array::Array as PolarsArray;
use polars_arrow::ffi::{
    ArrowArray, ArrowSchema, export_array_to_c, export_field_to_c, import_array_from_c,
    import_field_from_c,
};

use crate::error::refused;

/// A field of Arrow as one of Polars' Arrow.
pub(crate) fn import_field(field: &Field) -> PolarsResult<ArrowField> {
    let schema = FFI_ArrowSchema::try_from(field).map_err(refused)?;
    // SAFETY: both are `#[repr(C)] struct ArrowSchema` of the C data interface, and what Arrow exports is valid by it. The
    // struct moves, so that its release is called once.
    unsafe {
        let schema = transmute::<FFI_ArrowSchema, ArrowSchema>(schema);
        import_field_from_c(&schema)
    }
}

/// An array of Arrow as one of Polars' Arrow.
pub(crate) fn import_array(array: &ArrayRef) -> PolarsResult<Box<dyn PolarsArray>> {
    let (array, schema) = to_ffi(&array.to_data()).map_err(refused)?;
    // SAFETY: as in `import_field`, for both structs; the type is that of this very array.
    unsafe {
        let schema = transmute::<FFI_ArrowSchema, ArrowSchema>(schema);
        let dtype = import_field_from_c(&schema)?.dtype;
        import_array_from_c(transmute::<FFI_ArrowArray, ArrowArray>(array), dtype)
    }
}

/// A field of Polars' Arrow as one of Arrow.
pub(crate) fn export_field(field: &ArrowField) -> PolarsResult<Field> {
    // SAFETY: as in `import_field`, the other way round.
    let schema = unsafe { transmute::<ArrowSchema, FFI_ArrowSchema>(export_field_to_c(field)) };
    Field::try_from(&schema).map_err(refused)
}

/// An array of Polars' Arrow as one of Arrow.
pub(crate) fn export_array(array: Box<dyn PolarsArray>) -> PolarsResult<ArrayRef> {
    let field = ArrowField::new(PlSmallStr::EMPTY, array.dtype().clone(), true);
    // SAFETY: as in `import_array`, the other way round.
    let data = unsafe {
        let schema = transmute::<ArrowSchema, FFI_ArrowSchema>(export_field_to_c(&field));
        from_ffi(
            transmute::<ArrowArray, FFI_ArrowArray>(export_array_to_c(array)),
            &schema,
        )
    };
    Ok(make_array(data.map_err(refused)?))
}
