// Celestia's rsmt2d, driven over standard input: the peer of benchmarks/flows/bench_dispersal.py.
//
// Lines, each answered by one:
//
//	open WIDTH SHARE    a square of WIDTH × WIDTH shares of SHARE bytes, byte n is (31 n^2 + 7 n + 13) mod 251; answers the hex of the
//	                    SHA-256 of all its row and column roots once extended
//	extend TIMES        seconds of the fastest of TIMES extensions with all roots (its default trees, SHA-256)
//
// GOMAXPROCS gives it as many threads as the test gives zerog.
package main

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"os"
	"time"

	"github.com/celestiaorg/rsmt2d"
)

func extended(shares [][]byte) [][]byte {
	square, err := rsmt2d.ComputeExtendedDataSquare(shares, rsmt2d.NewLeoRSCodec(), rsmt2d.NewDefaultTree)
	if err != nil {
		panic(err)
	}
	rows, err := square.RowRoots()
	if err != nil {
		panic(err)
	}
	columns, err := square.ColRoots()
	if err != nil {
		panic(err)
	}
	return append(rows, columns...)
}

func main() {
	var shares [][]byte
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var word string
		var a, b int
		fmt.Sscan(lines.Text(), &word, &a, &b)
		switch word {
		case "open":
			data := make([]byte, a*a*b)
			for i := range data {
				n := uint64(i)
				data[i] = byte((31*n*n + 7*n + 13) % 251)
			}
			shares = make([][]byte, a*a)
			for i := range shares {
				shares[i] = data[i*b : (i+1)*b]
			}
			digest := sha256.New()
			for _, root := range extended(shares) {
				digest.Write(root)
			}
			fmt.Printf("%x\n", digest.Sum(nil))
		case "extend":
			best := 1e9
			for i := 0; i < a; i++ {
				begun := time.Now()
				extended(shares)
				best = min(best, time.Since(begun).Seconds())
			}
			fmt.Printf("%.9f\n", best)
		}
	}
}
