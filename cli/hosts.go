// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/warren-dev/ingress/controllers/hosts"
)

const hostsUsage = `warren-ingress hosts [flags]
warren-ingress hosts release HOST [flags]
warren-ingress hosts give HOST NAMESPACE [flags]

Lists which namespace each host belongs to, since when, and which others wait for it, as a replica knows it. Release deletes a host's
claim, so that the oldest Ingress that names the host gets it for its namespace. Give has it belong to a namespace, which should have a
rule for it: without one it gives the host up again. Both are done by kubectl, as whoever runs it; '' is every host. The flags:`

// hostsFlags say where the claims of hosts are.
type hostsFlags struct{ namespace, class string }

// runHosts lists hosts, or moves one.
func runHosts(ctx context.Context, args []string, s Streams) error {
	c := newCommand("hosts", hostsUsage, s)
	var f hostsFlags
	c.StringVar(&f.namespace, "namespace", "warren-system", "to move a host, the `namespace` of the controller")
	c.StringVar(&f.class, "ingress-class", "warren", "to move a host, the `class` of the controller")
	words, err := c.parse(args)
	if err != nil {
		return err
	}
	if len(words) == 0 {
		return c.ask(ctx, "/hosts", url.Values{})
	}
	arguments, err := f.patch(words, time.Now())
	if err != nil {
		return misuse{err}
	}
	program := exec.CommandContext(ctx, "kubectl", arguments...)
	program.Stdout, program.Stderr = s.Out, s.Err
	if err := program.Run(); err != nil {
		return fmt.Errorf("running kubectl: %w; a host without a claim has none to change: \"hosts\" lists them", err)
	}
	return nil
}

// patch returns the arguments for kubectl.
func (f *hostsFlags) patch(words []string, now time.Time) ([]string, error) {
	type operation struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value string `json:"value,omitempty"`
	}
	var change operation
	switch {
	case len(words) == 2 && words[0] == "release":
		change.Op = "remove"
	case len(words) == 3 && words[0] == "give":
		if len(validation.IsDNS1123Label(words[2])) > 0 {
			return nil, fmt.Errorf("%q is no namespace: write a name such as default", words[2])
		}
		change.Op, change.Value = "replace", hosts.Claim(words[2], now)
	default:
		return nil, errors.New("write nothing, release HOST, or give HOST NAMESPACE")
	}
	configMap, key, ok := hosts.ClaimAt(f.class, words[1])
	if !ok {
		return nil, fmt.Errorf("%q is no host: write it as \"hosts\" lists it, such as shop.example.com or *.example.com, or '' for every host", words[1])
	}
	change.Path = "/data/" + key
	patch, err := json.Marshal([]operation{change})
	if err != nil {
		return nil, err
	}
	return []string{"patch", "configmap", configMap, "--namespace", f.namespace, "--type=json", "--patch", string(patch)}, nil
}

// movesHost returns whether a command moves a host. kubectl does that, and no replica.
func movesHost(command []string) bool {
	return len(command) > 0 && command[0] == "hosts" &&
		slices.ContainsFunc(command[1:], func(word string) bool { return word == "release" || word == "give" })
}
