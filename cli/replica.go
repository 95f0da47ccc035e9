// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
)

// replica answers questions about what it serves.
type replica interface {
	// ask returns, as JSON, what the replica has at a path of its admin address.
	ask(ctx context.Context, path string, query url.Values) ([]byte, error)
}

// The paths of an admin address.
const (
	routesPath       = "/routes"
	certificatesPath = "/certificates"
	tasksPath        = "/tasks"
	refusedPath      = "/refused"
	hostsPath        = "/hosts"
	explainPath      = "/explain"
)

// answer asks a replica, and reads the answer into to.
func answer(ctx context.Context, from replica, path string, query url.Values, to any) error {
	text, err := from.ask(ctx, path, query)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, to); err != nil {
		return fmt.Errorf("reading the replica's answer: %w", err)
	}
	return nil
}
