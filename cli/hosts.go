// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/warren-dev/ingress/controllers/hosts"
)

func (p *program) hosts() *cobra.Command {
	c := &cobra.Command{
		Use: "hosts", Short: "List which namespace each host belongs to, or move one",
		Long: `Lists which namespace each host belongs to, since when, and which others wait for it, as a replica knows it.

"release" deletes a host's claim, so that the oldest Ingress that names the host gets it for its namespace. "give" has it belong to a
namespace, which should have a rule for it: without one it gives the host up again. Both are done by kubectl, as whoever runs it; '' is
every host.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return misuse{errors.New("write nothing, release HOST, or give HOST NAMESPACE")}
			}
			return nil
		},
	}
	output := newOutput(c, formatText, formatJSON, formatYAML, formatName)
	p.colour.bind(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		from, err := p.find(c.Context())
		if err != nil {
			return err
		}
		return p.listHosts(c.Context(), from, output)
	}
	class := c.PersistentFlags().String("ingress-class", "warren", "to move a host, the `class` of the controller")
	move := func(c *cobra.Command, change func(key string) operation, host string) error {
		configMap, key, ok := hosts.ClaimAt(*class, host)
		if !ok {
			return misuse{fmt.Errorf("%q is no host: write it as \"hosts\" lists it, such as shop.example.com or *.example.com, or '' for every host", host)}
		}
		namespace, err := p.namespace(c.Context())
		if err != nil {
			return err
		}
		return p.patchClaim(c.Context(), namespace, configMap, change("/data/"+key))
	}
	c.AddCommand(&cobra.Command{
		Use: "release HOST", Short: "Delete a host's claim", Args: arity(1, 1, "release HOST"), ValidArgsFunction: p.completeHost,
		RunE: func(c *cobra.Command, args []string) error {
			return move(c, func(path string) operation { return operation{Op: "remove", Path: path} }, args[0])
		},
	}, &cobra.Command{
		Use: "give HOST NAMESPACE", Short: "Have a host belong to a namespace", Args: arity(2, 2, "give HOST NAMESPACE"), ValidArgsFunction: p.completeHost,
		RunE: func(c *cobra.Command, args []string) error {
			if len(validation.IsDNS1123Label(args[1])) > 0 {
				return misuse{fmt.Errorf("%q is no namespace: write a name such as default", args[1])}
			}
			claim := hosts.Claim(args[1], time.Now())
			return move(c, func(path string) operation { return operation{Op: "replace", Path: path, Value: claim} }, args[0])
		},
	})
	return c
}

// operation is one of a JSON patch (RFC 6902).
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value string `json:"value,omitempty"`
}

// patchClaim has kubectl change a claim.
func (p *program) patchClaim(ctx context.Context, namespace, configMap string, change operation) error {
	patch, err := json.Marshal([]operation{change})
	if err != nil {
		return err
	}
	err = p.kubectl.run(ctx, "patch", "configmap", configMap, "--namespace="+namespace, "--type=json", "--patch="+string(patch))
	if err != nil {
		p.note("a host without a claim has none to change: \"hosts\" lists them")
	}
	return err
}

// listHosts writes whose the hosts are.
func (p *program) listHosts(ctx context.Context, from replica, output *outputFlag) error {
	var list hosts.List
	if err := answer(ctx, from, hostsPath, nil, &list); err != nil {
		return err
	}
	switch {
	case output.isData():
		return output.write(p.streams.Out, &list)
	case output.format == formatName:
		for i := range list.Hosts {
			if _, err := fmt.Fprintln(p.streams.Out, list.Hosts[i].Host); err != nil {
				return err
			}
		}
		return nil
	case list.Shared:
		_, err := fmt.Fprintln(p.streams.Out, hosts.SharedText)
		return err
	}
	var t table
	t.add(texts("HOST", "NAMESPACE", "SINCE", "STATE", "WAITING")...)
	for i := range list.Hosts {
		l := &list.Hosts[i]
		since, waiting := "-", make([]string, len(l.Waiting))
		if !l.Since.IsZero() {
			since = l.Since.UTC().Format(time.RFC3339)
		}
		for i, w := range l.Waiting {
			waiting[i] = w.Namespace + "/" + w.Ingress
		}
		state, shade := l.State(), notice
		if state == hosts.Held {
			shade = good
		}
		t.add(append(texts(shownHost(l.Host), cmp.Or(l.Namespace, "-"), since), cell{state, shade},
			cell{text: cmp.Or(strings.Join(waiting, " "), "-")})...)
	}
	return t.flush(p.streams.Out, p.colour.on(p.streams.Out))
}
