//! Activations that a worker uses again: memory that goes back to the system after each operation is cleared before it
//! comes again, which takes a tenth of the time of a pass in 8 bits.

use std::cell::RefCell;

use burn_flex::FlexTensor;

thread_local! {
    static SPARE: RefCell<Vec<Vec<f32>>> = RefCell::default();
}

/// More vectors than a pass holds at once.
const MOST: usize = 8;

/// A vector with room for `n` floats, used before if there is one.
pub(crate) fn take(n: usize) -> Vec<f32> {
    SPARE.with_borrow_mut(|spare| {
        let fits = (0..spare.len()).filter(|&i| spare[i].capacity() >= n);
        match fits.min_by_key(|&i| spare[i].capacity()) {
            Some(i) => spare.swap_remove(i),
            None => Vec::with_capacity(n),
        }
    })
}

/// Keeps the memory of a tensor that nobody else holds.
pub(crate) fn keep(tensor: FlexTensor) {
    if !tensor.is_unique() {
        return;
    }
    if let Ok(floats) = tensor.into_data().bytes.try_into_vec::<f32>() {
        SPARE.with_borrow_mut(|spare| {
            spare.push(floats);
            if spare.len() > MOST {
                // Smaller ones are of no use where a larger one was needed.
                let smallest = (0..spare.len()).min_by_key(|&i| spare[i].capacity());
                smallest.map(|i| spare.swap_remove(i));
            }
        });
    }
}
