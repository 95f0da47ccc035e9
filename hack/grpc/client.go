// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// connection is where a client's calls go.
type connection struct{ address, host, authorities *string }

func connectionFlags(flags *flag.FlagSet) connection {
	return connection{
		address:     flags.String("address", "", "`address` of the server"),
		host:        flags.String("host", "", "`name` of the server; none: its address"),
		authorities: flags.String("ca", "", "PEM `file` of the authorities that the server's certificate comes from; none: no TLS"),
	}
}

func (c connection) dial() (*grpc.ClientConn, error) {
	security := insecure.NewCredentials()
	if *c.authorities != "" {
		var err error
		if security, err = credentials.NewClientTLSFromFile(*c.authorities, *c.host); err != nil {
			return nil, err
		}
	}
	return grpc.NewClient("passthrough:///"+*c.address,
		grpc.WithTransportCredentials(security),
		grpc.WithAuthority(cmp.Or(*c.host, *c.address)),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)))
}

// ask runs test cases one after another. The interop ones end the process if something is wrong.
func ask(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("ask", flag.ContinueOnError)
	to := connectionFlags(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	chosen := cases
	if names := flags.Args(); len(names) > 0 {
		chosen = nil
		for _, name := range names {
			i := slices.IndexFunc(cases, func(c testCase) bool { return c.name == name })
			if i < 0 {
				return fmt.Errorf("no case %q; there are %s", name, strings.Join(caseNames(), ", "))
			}
			chosen = append(chosen, cases[i])
		}
	}
	conn, err := to.dial()
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	for _, c := range chosen {
		fmt.Println(c.name)
		if err := c.run(ctx, conn); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}
