//! Entry points for fuzz targets: each parser over any bytes, its answer thrown away.

pub use crate::onnx::fuzz as onnx;
pub use crate::openvino::fuzz as openvino;
pub use crate::pytorch::fuzz as pytorch;
pub use crate::safetensors::fuzz as safetensors;
pub use crate::spark::fuzz::{java, sequence_file};
pub use crate::tensorflow::fuzz::{tensorflow_block, tensorflow_graph, tensorflow_index};
pub use crate::zip::fuzz as zip;
