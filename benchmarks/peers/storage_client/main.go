// The file tree of the official Go storage client: the peer of benchmarks/flows/bench_storage.py.
//
//	storage_tree FILE TIMES    builds the tree TIMES times; prints the root and the seconds of each turn
//
// The client itself is built from the same go.mod: `go build github.com/0glabs/0g-storage-client`. GOMAXPROCS gives it as many
// threads as the test gives zerog.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/0glabs/0g-storage-client/core"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	times, err := strconv.Atoi(os.Args[2])
	must(err)
	for turn := 0; turn < times; turn++ {
		file, err := core.Open(os.Args[1])
		must(err)
		begun := time.Now()
		tree, err := core.MerkleTree(file)
		must(err)
		fmt.Println(tree.Root(), time.Since(begun).Seconds())
		file.Close()
	}
}
