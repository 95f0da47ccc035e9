// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

// AddCache has the manager run one more cache, for objects that the manager's own cache does not hold.
func AddCache(mgr ctrl.Manager, options cache.Options) (cache.Cache, error) {
	options.HTTPClient, options.Scheme, options.Mapper = mgr.GetHTTPClient(), mgr.GetScheme(), mgr.GetRESTMapper()
	added, err := cache.New(mgr.GetConfig(), options)
	if err != nil {
		return nil, err
	}
	return added, mgr.Add(everyReplica{added})
}

// everyReplica runs a cache on replicas that are not the leader too. A cache that is limited to a namespace does not
// ask for that by itself.
type everyReplica struct{ manager.Runnable }

// NeedLeaderElection is false.
func (everyReplica) NeedLeaderElection() bool { return false }
