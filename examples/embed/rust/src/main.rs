//! The package `demo` from Rust: reads five digits, then lets the recurrent part remember five steps.
//!
//! DEMO=$PWD/build/shared cargo run --manifest-path rust/Cargo.toml

mod demo;

use demo::{Demo, Tensor};

/// 3 1 4 1 5: eight rows of eight pixels, a byte a row, the leftmost pixel in the lowest bit.
const GLYPHS: [[u8; 8]; 5] = [
    [0x1e, 0x33, 0x30, 0x1c, 0x30, 0x33, 0x1e, 0x00],
    [0x0c, 0x0e, 0x0c, 0x0c, 0x0c, 0x0c, 0x3f, 0x00],
    [0x38, 0x3c, 0x36, 0x33, 0x7f, 0x30, 0x78, 0x00],
    [0x0c, 0x0e, 0x0c, 0x0c, 0x0c, 0x0c, 0x3f, 0x00],
    [0x3f, 0x03, 0x1f, 0x30, 0x30, 0x33, 0x1e, 0x00],
];

fn main() -> Result<(), String> {
    let mut demo = Demo::open(env!("DEMO_WEIGHTS"))?;

    let mut images = Tensor::zeros(&[5, 8, 8]);
    for (i, row) in GLYPHS.iter().flatten().enumerate() {
        for column in 0..8 {
            images.data[8 * i + column] = f32::from(row >> column & 1);
        }
    }
    let (digits, probabilities) = demo.classify(&images)?;
    println!("digits {}", joined(digits.data.iter().map(|digit| digit.to_string())));
    let sure = digits.data.iter().zip(probabilities.data.chunks(10)).map(|(&digit, row)| row[digit as usize]);
    println!("sure {}", joined(sure.map(three_digits)));

    let (mut hidden, mut history) = (Tensor::zeros(&[16]), Tensor::zeros(&[256, 16]));
    for pos in 0..5 {
        let mut x = Tensor::zeros(&[8]);
        for i in 0..8 {
            x.data[i as usize] = ((pos + i) % 5 - 2) as f32;
        }
        let y = demo.step(&x, pos, &mut hidden, &mut history)?;
        println!("step {pos}: {}", joined(y.data.into_iter().map(three_digits)));
    }

    if let Err(message) = demo.classify(&Tensor::zeros(&[5, 8, 9])) {
        eprintln!("refused: {message}");
    }
    Ok(())
}

fn three_digits(value: f32) -> String {
    format!("{value:.3}")
}

fn joined(words: impl Iterator<Item = String>) -> String {
    words.collect::<Vec<_>>().join(" ")
}
