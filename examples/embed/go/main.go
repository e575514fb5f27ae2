// The package demo from Go: reads five digits, then lets the recurrent part remember five steps.
//
//	PKG_CONFIG_PATH=$PWD/build/shared go run -C go . $PWD/build/shared
package main

/*
#cgo pkg-config: demo
#include <stdlib.h>
#include "demo.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"unsafe"
)

// Tensor is row-major memory of Go's.
type Tensor[T float32 | int64] struct {
	Data  []T
	Shape []int64
}

func zeros[T float32 | int64](shape ...int64) *Tensor[T] {
	count := int64(1)
	for _, size := range shape {
		count *= size
	}
	return &Tensor[T]{make([]T, count), shape}
}

// describe gives the tensor as C takes it. C holds it only during a call; the pins keep Go's memory in place until then.
func (t *Tensor[T]) describe(pins *runtime.Pinner) *C.DLTensor {
	dtype := C.DLDataType{code: 2, bits: 32, lanes: 1}
	if _, ok := any(t.Data).([]int64); ok {
		dtype = C.DLDataType{code: 0, bits: 64, lanes: 1}
	}
	pins.Pin(&t.Data[0])
	pins.Pin(&t.Shape[0])
	return &C.DLTensor{
		data:   unsafe.Pointer(&t.Data[0]),
		device: C.DLDevice{device_type: 1},
		ndim:   C.int32_t(len(t.Shape)),
		dtype:  dtype,
		shape:  (*C.int64_t)(&t.Shape[0]),
	}
}

// Demo is one context of the package; a goroutine uses one of its own.
type Demo struct {
	runtime *C.demo_runtime
	weights *C.demo_weights
	context *C.demo_context
}

func open(weights string) (*Demo, error) {
	path := C.CString(weights)
	defer C.free(unsafe.Pointer(path))
	demo := &Demo{}
	err := check(func() C.int { return C.demo_runtime_create(C.DEMO_ABI_VERSION, 0, &demo.runtime) })
	if err == nil {
		err = check(func() C.int { return C.demo_weights_open(demo.runtime, path, &demo.weights) })
	}
	if err == nil {
		err = check(func() C.int { return C.demo_context_create(demo.weights, &demo.context) })
	}
	if err != nil {
		demo.close()
		return nil, err
	}
	return demo, nil
}

func (demo *Demo) close() {
	C.demo_context_destroy(demo.context)
	C.demo_weights_close(demo.weights)
	C.demo_runtime_destroy(demo.runtime)
}

// check runs a call and reads its error on the same thread: the text belongs to the thread.
func check(call func() C.int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if call() == 0 {
		return nil
	}
	return errors.New(C.GoString(C.demo_last_error()))
}

func (demo *Demo) classify(images *Tensor[float32]) (*Tensor[int64], *Tensor[float32], error) {
	var pins runtime.Pinner
	defer pins.Unpin()
	digits, probabilities := zeros[int64](images.Shape[0]), zeros[float32](images.Shape[0], 10)
	in, read, likely := images.describe(&pins), digits.describe(&pins), probabilities.describe(&pins)
	err := check(func() C.int { return C.demo_classify(demo.context, in, read, likely) })
	return digits, probabilities, err
}

func (demo *Demo) step(x *Tensor[float32], pos int, hidden, history *Tensor[float32]) (*Tensor[float32], error) {
	var pins runtime.Pinner
	defer pins.Unpin()
	y := zeros[float32](4)
	in, out := x.describe(&pins), y.describe(&pins)
	state, past := hidden.describe(&pins), history.describe(&pins)
	err := check(func() C.int { return C.demo_step(demo.context, in, C.int64_t(pos), state, past, out) })
	return y, err
}

// 3 1 4 1 5: eight rows of eight pixels, a byte a row, the leftmost pixel in the lowest bit.
var glyphs = [5][8]byte{
	{0x1e, 0x33, 0x30, 0x1c, 0x30, 0x33, 0x1e, 0x00},
	{0x0c, 0x0e, 0x0c, 0x0c, 0x0c, 0x0c, 0x3f, 0x00},
	{0x38, 0x3c, 0x36, 0x33, 0x7f, 0x30, 0x78, 0x00},
	{0x0c, 0x0e, 0x0c, 0x0c, 0x0c, 0x0c, 0x3f, 0x00},
	{0x3f, 0x03, 0x1f, 0x30, 0x30, 0x33, 0x1e, 0x00},
}

func run(folder string) error {
	demo, err := open(filepath.Join(folder, "demo.weights"))
	if err != nil {
		return err
	}
	defer demo.close()

	images := zeros[float32](5, 8, 8)
	for i, glyph := range glyphs {
		for row, bits := range glyph {
			for column := 0; column < 8; column++ {
				images.Data[i*64+row*8+column] = float32(bits >> column & 1)
			}
		}
	}
	digits, probabilities, err := demo.classify(images)
	if err != nil {
		return err
	}
	sure := make([]float32, len(digits.Data))
	for i, digit := range digits.Data {
		sure[i] = probabilities.Data[int64(i)*10+digit]
	}
	fmt.Println("digits", strings.Trim(fmt.Sprint(digits.Data), "[]"))
	fmt.Println("sure", threeDigits(sure))

	hidden, history := zeros[float32](16), zeros[float32](256, 16)
	for pos := 0; pos < 5; pos++ {
		x := zeros[float32](8)
		for i := range x.Data {
			x.Data[i] = float32((pos+i)%5 - 2)
		}
		y, err := demo.step(x, pos, hidden, history)
		if err != nil {
			return err
		}
		fmt.Printf("step %d: %s\n", pos, threeDigits(y.Data))
	}

	if _, _, err := demo.classify(zeros[float32](5, 8, 9)); err != nil {
		fmt.Fprintln(os.Stderr, "refused:", err)
	}
	return nil
}

func threeDigits(values []float32) string {
	words := make([]string, len(values))
	for i, value := range values {
		words[i] = fmt.Sprintf("%.3f", value)
	}
	return strings.Join(words, " ")
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: embed FOLDER")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
