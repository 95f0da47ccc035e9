// SPDX-License-Identifier: Apache-2.0

// Command grpc is a real gRPC client and a real gRPC server, grpc-go's, with its interop test cases. Neither may notice
// what runs between the two.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

const usage = `usage: grpc serve [flags]          serve the test cases until standard input ends, and then until no call runs
       grpc ask [flags] [CASE...]  run test cases, or all of them
       grpc load [flags]           call until standard input ends, and say how many calls failed
`

var commands = map[string]func(context.Context, []string) error{"serve": serve, "ask": ask, "load": load}

func main() {
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	err := commands[os.Args[1]](context.Background(), os.Args[2:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "grpc:", err)
		os.Exit(1)
	}
}

// awaitEnd returns when standard input has ended. It also ends when the process that started this one is gone.
func awaitEnd() { _, _ = io.Copy(io.Discard, os.Stdin) }
