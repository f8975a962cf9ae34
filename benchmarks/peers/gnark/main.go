// gnark-crypto's BN254 scalar field, group sums and pairing, driven over standard input: the peer of benchmarks/kernels/bench_ntt.py,
// bench_msm.py and bench_pairing.py.
//
// Lines, each answered by one:
//
//	open LOG        a vector of 2^LOG elements, element i is i^2 + 3 i + 7; answers the hex of the sum over i of i · y_i of its
//	                transform y on the subgroup, natural order
//	fft TIMES       seconds of the fastest of TIMES transforms, output in bit-reversed order (its fastest form)
//	natural TIMES   the same with the output put into natural order
//	coset TIMES     the same on a coset, natural order
//	mul COUNT TIMES nanoseconds of a product: the fastest of TIMES runs over vectors of COUNT elements (its own vector product)
//	scalar COUNT TIMES  the same, a loop of single products
//	points LOG      2^LOG points, number i is 12345^i times the generator, and as many scalars 1 / (i^2 + 3 i + 7); answers the hex
//	                of the coordinates of their sum
//	msm TIMES       seconds of the fastest of TIMES such sums
//	pairs COUNT     the pairs (i G1, G2) for i = 1 … COUNT - 1 and one that makes their product one; answers whether it is
//	pairing TIMES   seconds of the fastest of TIMES checks of that product, points decoded before
//
// GOMAXPROCS gives it as many threads as the test gives zerog.
package main

import (
	"bufio"
	"fmt"
	"math/big"
	"os"
	"runtime"
	"time"

	"github.com/consensys/gnark-crypto/ecc"
	"github.com/consensys/gnark-crypto/ecc/bn254"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
	"github.com/consensys/gnark-crypto/ecc/bn254/fr/fft"
)

func fastest(times int, call func()) float64 {
	best := 1e9
	for i := 0; i < times; i++ {
		begun := time.Now()
		call()
		best = min(best, time.Since(begun).Seconds())
	}
	return best
}

func vector(count int) fr.Vector {
	out := make(fr.Vector, count)
	for i := range out {
		out[i].SetUint64(uint64(i)*uint64(i) + 3*uint64(i) + 7)
	}
	return out
}

func multiple(point *bn254.G1Affine, factor *fr.Element) bn254.G1Affine {
	var plain big.Int
	var out bn254.G1Affine
	out.ScalarMultiplication(point, factor.BigInt(&plain))
	return out
}

func main() {
	var (
		domain *fft.Domain
		values fr.Vector
		points []bn254.G1Affine
		sum    bn254.G1Affine
		left   []bn254.G1Affine
		right  []bn254.G2Affine
	)
	config := ecc.MultiExpConfig{NbTasks: runtime.GOMAXPROCS(0)}
	tasks := fft.WithNbTasks(runtime.GOMAXPROCS(0))
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var word string
		var a, b int
		fmt.Sscan(lines.Text(), &word, &a, &b)
		switch word {
		case "open":
			n := 1 << a
			domain = fft.NewDomain(uint64(n))
			values = vector(n)
			domain.FFT(values, fft.DIF, tasks)
			fft.BitReverse(values)
			var total, index, term fr.Element
			for i := range values {
				index.SetUint64(uint64(i))
				term.Mul(&values[i], &index)
				total.Add(&total, &term)
			}
			raw := total.Bytes()
			fmt.Printf("%x\n", raw[:])
		case "fft":
			fmt.Printf("%.9f\n", fastest(a, func() { domain.FFT(values, fft.DIF, tasks) }))
		case "natural":
			fmt.Printf("%.9f\n", fastest(a, func() {
				domain.FFT(values, fft.DIF, tasks)
				fft.BitReverse(values)
			}))
		case "coset":
			fmt.Printf("%.9f\n", fastest(a, func() {
				domain.FFT(values, fft.DIF, tasks, fft.OnCoset())
				fft.BitReverse(values)
			}))
		case "points":
			n := 1 << a
			_, _, generator, _ := bn254.Generators()
			powers := make([]fr.Element, n)
			var tau fr.Element
			tau.SetUint64(12345)
			powers[0].SetOne()
			for i := 1; i < n; i++ {
				powers[i].Mul(&powers[i-1], &tau)
			}
			points = bn254.BatchScalarMultiplicationG1(&generator, powers)
			values = fr.BatchInvert(vector(n))
			if _, err := sum.MultiExp(points, values, config); err != nil {
				panic(err)
			}
			x, y := sum.X.Bytes(), sum.Y.Bytes()
			fmt.Printf("%x%x\n", x[:], y[:])
		case "msm":
			fmt.Printf("%.9f\n", fastest(a, func() {
				if _, err := sum.MultiExp(points, values, config); err != nil {
					panic(err)
				}
			}))
		case "pairs":
			_, _, generator, generator2 := bn254.Generators()
			left, right = nil, nil
			var total, factor fr.Element
			for i := 1; i < a; i++ {
				factor.SetUint64(uint64(i))
				total.Add(&total, &factor)
				left = append(left, multiple(&generator, &factor))
				right = append(right, generator2)
			}
			total.Neg(&total)
			left, right = append(left, multiple(&generator, &total)), append(right, generator2)
			good, err := bn254.PairingCheck(left, right)
			fmt.Println(good && err == nil)
		case "pairing":
			fmt.Printf("%.9f\n", fastest(a, func() {
				if good, err := bn254.PairingCheck(left, right); err != nil || !good {
					panic("not one")
				}
			}))
		case "mul", "scalar":
			x, y, z := vector(a), vector(a), make(fr.Vector, a)
			seconds := fastest(b, func() { z.Mul(x, y) })
			if word == "scalar" {
				seconds = fastest(b, func() {
					for i := range z {
						z[i].Mul(&x[i], &y[i])
					}
				})
			}
			fmt.Printf("%.9f\n", seconds*1e9/float64(a))
		}
	}
}
