//! The package `demo`: the C functions that are used here, and a safe `Demo` over them.

use std::ffi::{c_char, c_int, c_void, CStr, CString};
use std::ptr::{null, null_mut};

#[repr(C)]
struct Device {
    kind: i32,
    id: i32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DataType {
    code: u8,
    bits: u8,
    lanes: u16,
}

/// DLTensor.
#[repr(C)]
struct Raw {
    data: *mut c_void,
    device: Device,
    ndim: i32,
    dtype: DataType,
    shape: *const i64,
    strides: *const i64,
    byte_offset: u64,
}

extern "C" {
    fn demo_last_error() -> *const c_char;
    fn demo_runtime_create(abi_version: c_int, threads: c_int, out: *mut *mut c_void) -> c_int;
    fn demo_runtime_destroy(runtime: *mut c_void);
    fn demo_weights_open(runtime: *mut c_void, path: *const c_char, out: *mut *mut c_void) -> c_int;
    fn demo_weights_close(weights: *mut c_void);
    fn demo_context_create(weights: *mut c_void, out: *mut *mut c_void) -> c_int;
    fn demo_context_destroy(context: *mut c_void) -> c_int;
    fn demo_classify(context: *mut c_void, images: *const Raw, digits: *mut Raw, probabilities: *mut Raw) -> c_int;
    fn demo_step(
        context: *mut c_void,
        x: *const Raw,
        pos: i64,
        hidden: *mut Raw,
        history: *mut Raw,
        y: *mut Raw,
    ) -> c_int;
}

/// Types of elements that tensors are made of.
pub trait Element: Copy + Default {
    const DTYPE: DataType;
}

impl Element for f32 {
    const DTYPE: DataType = DataType { code: 2, bits: 32, lanes: 1 };
}

impl Element for i64 {
    const DTYPE: DataType = DataType { code: 0, bits: 64, lanes: 1 };
}

/// A row-major tensor that owns its memory.
pub struct Tensor<T> {
    pub data: Vec<T>,
    shape: Vec<i64>,
}

impl<T: Element> Tensor<T> {
    pub fn zeros(shape: &[i64]) -> Self {
        let count = shape.iter().product::<i64>() as usize;
        Tensor { data: vec![T::default(); count], shape: shape.to_vec() }
    }

    /// What C may read: only where its parameter is `const`.
    fn read(&self) -> Raw {
        self.raw(self.data.as_ptr() as *mut c_void)
    }

    /// What C may write.
    fn write(&mut self) -> Raw {
        let data = self.data.as_mut_ptr() as *mut c_void;
        self.raw(data)
    }

    fn raw(&self, data: *mut c_void) -> Raw {
        Raw {
            data,
            device: Device { kind: 1, id: 0 },
            ndim: self.shape.len() as i32,
            dtype: T::DTYPE,
            shape: self.shape.as_ptr(),
            strides: null(),
            byte_offset: 0,
        }
    }
}

/// One context on weights of its own. Calls take it exclusively: a thread uses one of its own.
pub struct Demo {
    runtime: *mut c_void,
    weights: *mut c_void,
    context: *mut c_void,
}

impl Demo {
    pub fn open(weights: &str) -> Result<Demo, String> {
        let path = CString::new(weights).map_err(|error| error.to_string())?;
        let mut demo = Demo { runtime: null_mut(), weights: null_mut(), context: null_mut() };
        unsafe {
            check(demo_runtime_create(1, 0, &mut demo.runtime))?;
            check(demo_weights_open(demo.runtime, path.as_ptr(), &mut demo.weights))?;
            check(demo_context_create(demo.weights, &mut demo.context))?;
        }
        Ok(demo)
    }

    /// images [n, 8, 8]: the digit on each, and how likely each digit is.
    pub fn classify(&mut self, images: &Tensor<f32>) -> Result<(Tensor<i64>, Tensor<f32>), String> {
        let n = images.shape[0];
        let (mut digits, mut probabilities) = (Tensor::zeros(&[n]), Tensor::zeros(&[n, 10]));
        let status =
            unsafe { demo_classify(self.context, &images.read(), &mut digits.write(), &mut probabilities.write()) };
        check(status).map(|()| (digits, probabilities))
    }

    /// Reads and writes the state.
    pub fn step(
        &mut self,
        x: &Tensor<f32>,
        pos: i64,
        hidden: &mut Tensor<f32>,
        history: &mut Tensor<f32>,
    ) -> Result<Tensor<f32>, String> {
        let mut y = Tensor::zeros(&[4]);
        let status = unsafe {
            demo_step(self.context, &x.read(), pos, &mut hidden.write(), &mut history.write(), &mut y.write())
        };
        check(status).map(|()| y)
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        unsafe {
            demo_context_destroy(self.context);
            demo_weights_close(self.weights);
            demo_runtime_destroy(self.runtime);
        }
    }
}

fn check(status: c_int) -> Result<(), String> {
    if status == 0 {
        return Ok(());
    }
    // The text belongs to this thread, and stays until its next failure.
    Err(unsafe { CStr::from_ptr(demo_last_error()) }.to_string_lossy().into_owned())
}
