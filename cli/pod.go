// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// defaultNamespace is where the controller is unless somebody put it elsewhere.
const defaultNamespace = "warren-system"

// controllerLabels are what the controller's Pods have of any installation: as Deployment and as DaemonSet, by the
// chart under any name and by kustomize.
const controllerLabels = "app.kubernetes.io/name=warren-ingress,app.kubernetes.io/component=controller"

// releaseLabel has the name of the Helm release.
const releaseLabel = "app.kubernetes.io/instance"

// controllerContainer is the container of a Pod that has the controller.
const controllerContainer = "controller"

// search is where the replica is that is meant.
type search struct {
	kubectl                                        *kubectl
	namespace, release, deployment, daemonSet, pod string
}

// named returns the object that the flags name, empty if they name none.
func (s *search) named() string {
	switch {
	case s.pod != "":
		return "pod/" + s.pod
	case s.deployment != "":
		return "deployment/" + s.deployment
	case s.daemonSet != "":
		return "daemonset/" + s.daemonSet
	}
	return ""
}

// replica returns the replica to ask: the one that is named, or a process on this machine that the kubeconfig knows of,
// or a Pod of the controller's that is ready.
func (s *search) replica(ctx context.Context) (replica, error) {
	if named := s.named(); named != "" {
		return &pod{kubectl: s.kubectl, namespace: cmp.Or(s.namespace, defaultNamespace), name: named}, nil
	}
	if address := s.kubectl.process(); address != "" {
		return &admin{address: address}, nil
	}
	return s.look(ctx)
}

// controllerNamespace returns the namespace that the controller is in.
func (s *search) controllerNamespace(ctx context.Context) (string, error) {
	if s.namespace != "" || s.named() != "" || s.kubectl.process() != "" {
		return cmp.Or(s.namespace, defaultNamespace), nil
	}
	found, err := s.look(ctx)
	if err != nil {
		return "", err
	}
	return found.namespace, nil
}

// look looks for a Pod of the controller's.
func (s *search) look(ctx context.Context) (*pod, error) {
	labels, where := controllerLabels, "any namespace"
	if s.release != "" {
		labels += "," + releaseLabel + "=" + s.release
	}
	command := []string{"get", "pods", "--selector=" + labels, "--output=json"}
	text, err := s.kubectl.output(ctx, append(command, s.scope()...)...)
	if refused, ok := errors.AsType[*kubectlError](err); ok && s.namespace == "" && strings.Contains(refused.said, "orbidden") {
		where = defaultNamespace + ", the only namespace that was looked at without the right to list the Pods of all"
		text, err = s.kubectl.output(ctx, append(command, "--namespace="+defaultNamespace)...)
	}
	if err != nil {
		return nil, fmt.Errorf("looking for the controller's Pods: %w", err)
	}
	if s.namespace != "" {
		where = "namespace " + s.namespace
	}
	var list podList
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("reading the list of Pods: %w", err)
	}
	chosen, err := list.choose()
	if err != nil {
		return nil, fmt.Errorf("%w (looked for %s in %s)", err, labels, where)
	}
	chosen.kubectl = s.kubectl
	return chosen, nil
}

func (s *search) scope() []string {
	if s.namespace != "" {
		return []string{"--namespace=" + s.namespace}
	}
	return []string{"--all-namespaces"}
}

// podList is what is read of the controller's Pods.
type podList struct {
	Items []struct {
		Metadata struct {
			Namespace, Name   string
			Labels            map[string]string
			DeletionTimestamp string
		}
		Spec struct {
			Containers []struct {
				Name string
				Args []string
			}
		}
		Status struct {
			Conditions []struct{ Type, Status string }
		}
	}
}

// choose returns the Pod to ask. All replicas of an installation serve the same, so that the first that is ready will
// do.
func (l *podList) choose() (*pod, error) {
	var chosen *pod
	var installations []string
	for i := range l.Items {
		item := &l.Items[i]
		installation := "-n " + item.Metadata.Namespace
		if release := item.Metadata.Labels[releaseLabel]; release != "" {
			installation += " --release " + release
		}
		if !slices.Contains(installations, installation) {
			installations = append(installations, installation)
		}
		ready := slices.ContainsFunc(item.Status.Conditions, func(c struct{ Type, Status string }) bool {
			return c.Type == "Ready" && c.Status == "True"
		})
		if !ready || item.Metadata.DeletionTimestamp != "" || chosen != nil {
			continue
		}
		chosen = &pod{namespace: item.Metadata.Namespace, name: "pod/" + item.Metadata.Name}
		for _, c := range item.Spec.Containers {
			if c.Name == controllerContainer {
				chosen.container, chosen.admin = c.Name, adminAddressOf(c.Args)
			}
		}
	}
	switch {
	case len(installations) > 1:
		return nil, fmt.Errorf("there are several installations: write one of %s", strings.Join(installations, ", "))
	case len(installations) == 0:
		return nil, errors.New("there is no Pod of the controller's: name its Deployment by -n and --deployment, or its DaemonSet by --daemonset, if it has labels of its own")
	case chosen == nil:
		return nil, errors.New("no Pod of the controller's is ready: write --pod NAME to ask one all the same")
	}
	return chosen, nil
}

// adminAddressOf returns the address that a controller's arguments say, empty if they say none.
func adminAddressOf(args []string) (address string) {
	for i, arg := range args {
		name, value, ok := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		switch {
		case name != "admin-address" || !isFlag(arg):
		case ok:
			address = value
		case i+1 < len(args):
			address = args[i+1]
		}
	}
	return address
}

// pod is a replica in a Pod, which runs the program's own commands there.
type pod struct {
	kubectl *kubectl
	// name is as kubectl has it, such as "pod/x" or "deployment/x".
	namespace, name, container string
	// admin is the replica's admin address if that is not the usual one.
	admin string
}

// ask implements replica.
func (p *pod) ask(ctx context.Context, path string, query url.Values) ([]byte, error) {
	text, err := p.kubectl.output(ctx, p.command(path, query)...)
	if failed, ok := errors.AsType[*kubectlError](err); ok {
		if failed.code == exitMisuse {
			return nil, misuse{errors.New(failed.said)}
		}
		return nil, fmt.Errorf("asking %s in namespace %s: %w", p.name, p.namespace, err)
	}
	return text, err
}

// command returns kubectl's command for having the replica say what it has at a path of its admin address. It is one
// that every version of the program knows.
func (p *pod) command(path string, query url.Values) []string {
	command := []string{"exec", "--namespace=" + p.namespace, p.name}
	if p.container != "" {
		command = append(command, "--container="+p.container)
	}
	command = append(command, "--", "/warren-ingress")
	switch path {
	case hostsPath:
		command = append(command, "hosts")
	case explainPath:
		command = append(command, "explain", query.Get("url"), "--method="+query.Get("method"))
		if client := query.Get("client"); client != "" {
			command = append(command, "--client="+client)
		}
		for _, header := range query["header"] {
			command = append(command, "--header="+header)
		}
	default:
		command = append(command, "ls", listNames[path])
	}
	command = append(command, "-o", formatJSON)
	if p.admin != "" {
		command = append(command, "--admin-address="+p.admin)
	}
	return command
}

// listNames are the lists by the paths that have them.
var listNames = map[string]string{routesPath: "routes", certificatesPath: "certs", tasksPath: "tasks", refusedPath: "refused"}
