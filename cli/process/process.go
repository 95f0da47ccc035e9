// SPDX-License-Identifier: Apache-2.0

// Package process notes in a kubeconfig which process serves for its cluster, where that is no Pod of it: a controller
// on this machine, as "make run" has it. So who uses the kubeconfig finds the process, and who uses another one does
// not.
package process

import (
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// extension is the name under which a cluster of a kubeconfig has the note.
const extension = "ingress.warren.dev/process"

// note is what the extension holds.
type note struct {
	AdminAddress string `json:"adminAddress"`
}

// Note returns a kubeconfig in which each cluster has the admin address of the process that serves for it.
func Note(kubeconfig []byte, adminAddress string) ([]byte, error) {
	config, err := clientcmd.Load(kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	text, err := json.Marshal(note{adminAddress})
	if err != nil {
		return nil, err
	}
	for _, cluster := range config.Clusters {
		if cluster.Extensions == nil {
			cluster.Extensions = make(map[string]runtime.Object)
		}
		cluster.Extensions[extension] = &runtime.Unknown{Raw: text, ContentType: runtime.ContentTypeJSON}
	}
	return clientcmd.Write(*config)
}

// Noted returns the admin address of the process that serves for a cluster. It is empty if none is noted.
func Noted(cluster *clientcmdapi.Cluster) string {
	var n note
	if cluster == nil {
		return ""
	}
	unknown, ok := cluster.Extensions[extension].(*runtime.Unknown)
	if !ok || json.Unmarshal(unknown.Raw, &n) != nil {
		return ""
	}
	return n.AdminAddress
}
