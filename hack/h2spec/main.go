// SPDX-License-Identifier: Apache-2.0

// Command h2spec asks a server of HTTP/2 whether it does what RFC 9113 and RFC 7541 want. It uses the cases of
// github.com/summerwind/h2spec, including the strict ones.
package main

import (
	"flag"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/summerwind/h2spec"
	"github.com/summerwind/h2spec/config"
)

func main() {
	address := flag.String("address", "127.0.0.1:8443", "`address` of the server")
	secure := flag.Bool("tls", false, "speak TLS, whatever the server's certificate")
	timeout := flag.Duration("timeout", 10*time.Second, "`time` that a case waits for what the server has to do")
	flag.Parse()
	passed, err := run(*address, *secure, *timeout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "h2spec:", err)
	}
	if err != nil || !passed {
		os.Exit(1)
	}
}

func run(address string, secure bool, timeout time.Duration) (passed bool, err error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return false, err
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return false, err
	}
	return h2spec.Run(&config.Config{
		Host: host, Port: port, Path: "/", Timeout: timeout, MaxHeaderLen: 4000, Strict: true, TLS: secure, Insecure: true,
	})
}
