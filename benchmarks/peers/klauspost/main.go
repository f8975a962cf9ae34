// klauspost/reedsolomon, driven over standard input: the peer of benchmarks/kernels/bench_erasure.py.
//
// Lines, each answered by one:
//
//	open K M SIZE   shards of SIZE bytes, byte `at` of data shard i is low byte of (i·31 + at·7 + at/251); answers the FNV-1a
//	                hash of all parity, 16 hex digits
//	encode TIMES    seconds of the fastest of TIMES encodings
//	recover N TIMES seconds of the fastest of TIMES recoveries of the first N data shards, into memory it has
//
// GOMAXPROCS gives it as many threads as the test gives zerog.
package main

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"os"
	"runtime"
	"time"

	"github.com/klauspost/reedsolomon"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func fastest(times int, before, call func()) float64 {
	best := 1e9
	for i := 0; i < times; i++ {
		before()
		begun := time.Now()
		call()
		best = min(best, time.Since(begun).Seconds())
	}
	return best
}

func main() {
	var (
		code   reedsolomon.Encoder
		shards [][]byte
		k, m   int
	)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var word string
		var a, b, c int
		fmt.Sscan(lines.Text(), &word, &a, &b, &c)
		switch word {
		case "open":
			k, m = a, b
			made, err := reedsolomon.New(k, m, reedsolomon.WithAutoGoroutines(c), reedsolomon.WithMaxGoroutines(runtime.GOMAXPROCS(0)))
			must(err)
			code = made
			shards = reedsolomon.AllocAligned(k+m, c)
			for i := 0; i < k; i++ {
				for at := range shards[i] {
					shards[i][at] = byte(i*31 + at*7 + at/251)
				}
			}
			must(code.Encode(shards))
			sum := fnv.New64a()
			for _, shard := range shards[k:] {
				sum.Write(shard)
			}
			fmt.Printf("%016x\n", sum.Sum64())
		case "encode":
			fmt.Printf("%.9f\n", fastest(a, func() {}, func() { must(code.Encode(shards)) }))
		case "recover":
			lose := func() {
				for i := 0; i < a; i++ {
					shards[i] = shards[i][:0]
				}
			}
			fmt.Printf("%.9f\n", fastest(b, lose, func() { must(code.Reconstruct(shards)) }))
		case "parity":
			for _, shard := range shards[k:] {
				fmt.Printf("%x ", shard)
			}
			fmt.Println()
		}
	}
}
