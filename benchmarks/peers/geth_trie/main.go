// geth's trie, driven over standard input: the peer of benchmarks/kernels/bench_trie.py.
//
// main LEAVES builds a trie over keccak256(little-endian i) → 70 bytes of it repeated, prints root and seconds; then each line
// "SEED COUNT" updates that many random keys and prints the new root and the seconds of update and hashing.
package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/trie"
)

// key is what the secure tries of the state hash: the test hashes it inside the timed part, as ours does.
func key(index uint64) []byte {
	var raw [8]byte
	binary.LittleEndian.PutUint64(raw[:], index)
	return raw[:]
}

func value(index, salt uint64) []byte {
	out := make([]byte, 70)
	for i := range out {
		out[i] = byte(1 + (index+salt*31+uint64(i))%255)
	}
	return out
}

func main() {
	leaves, err := strconv.ParseUint(os.Args[1], 10, 64)
	if err != nil {
		panic(err)
	}
	t := trie.NewEmpty(nil)
	begun := time.Now()
	for i := uint64(0); i < leaves; i++ {
		t.MustUpdate(crypto.Keccak256(key(i)), value(i, 0))
	}
	root := t.Hash()
	fmt.Printf("%x %.6f\n", root[:], time.Since(begun).Seconds())
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var seed, count uint64
		if _, err := fmt.Sscan(lines.Text(), &seed, &count); err != nil {
			panic(err)
		}
		indices := make([]uint64, count)
		values := make([][]byte, count)
		for i := range indices {
			// A plain linear congruential sequence, the same in the test.
			indices[i] = ((seed + uint64(i)) * 6364136223846793005 >> 20) % leaves
			values[i] = value(indices[i], seed)
		}
		begun := time.Now()
		for i, index := range indices {
			t.MustUpdate(crypto.Keccak256(key(index)), values[i])
		}
		root := t.Hash()
		fmt.Printf("%x %.6f\n", root[:], time.Since(begun).Seconds())
	}
}
