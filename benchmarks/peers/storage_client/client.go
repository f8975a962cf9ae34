//go:build client

// Names the official client, so that `go mod tidy` keeps what it needs.
package main

import _ "github.com/0glabs/0g-storage-client/cmd"
