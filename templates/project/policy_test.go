package project_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"cairn/templates/project"

	"github.com/google/go-cmp/cmp"
)

func folder(list []project.File) fstest.MapFS {
	fsys := fstest.MapFS{}
	for _, f := range list {
		fsys[f.Name] = &fstest.MapFile{Data: f.Content}
	}
	return fsys
}

type document struct {
	Version   string
	Statement []struct {
		Effect    string
		Principal map[string]string
		Action    any
		Resource  string
		Condition map[string]map[string]any
	}
}

// policies are the documents by name, as IAM reads them.
func policies(t *testing.T, c project.Config, prefix string, origin project.Origin) map[string]document {
	t.Helper()
	list, err := project.Policies(c, prefix, origin)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]document{}
	for _, p := range list {
		var d document
		if err := json.Unmarshal(p.JSON, &d); err != nil || d.Version != "2012-10-17" {
			t.Fatalf("%s: %v\n%s", p.Name, err, p.JSON)
		}
		if len(p.JSON) > 2048 {
			t.Errorf("%s has %d bytes, and IAM takes 2048 for a role", p.Name, len(p.JSON))
		}
		all[p.Name] = d
	}
	return all
}

func TestPermissions(t *testing.T) {
	c := atAWS()
	c.Publish.Region = "cn-north-1"
	all := policies(t, c, "ota/fridges", project.Origin{})
	for name, want := range map[string][2]any{
		"publish": {
			[]any{"s3:ListBucket", "s3:ListBucketMultipartUploads"},
			[]any{"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"},
		},
		"plan": {"s3:ListBucket", []any{"s3:GetObject"}},
	} {
		s := all[name].Statement
		if len(s) != 2 || !cmp.Equal(s[0].Action, want[0]) || s[0].Resource != "arn:aws-cn:s3:::acme-ota" ||
			s[0].Condition["StringLikeIfExists"]["s3:prefix"] != "ota/fridges/*" {
			t.Errorf("%s lists %v", name, s)
			continue
		}
		if diff := cmp.Diff(want[1], s[1].Action); diff != "" || s[1].Resource != "arn:aws-cn:s3:::acme-ota/ota/fridges/*" {
			t.Errorf("%s: %s on %s", name, diff, s[1].Resource)
		}
	}
}

func TestTrust(t *testing.T) {
	subjects := func(d document) (all []string) {
		for _, s := range d.Statement {
			for _, operator := range []string{"StringEquals", "StringLike"} {
				for key, v := range s.Condition[operator] {
					if strings.HasSuffix(key, ":sub") {
						for _, subject := range v.([]any) {
							all = append(all, operator+" "+strings.TrimSuffix(key, ":sub")+" "+subject.(string))
						}
					}
				}
			}
			if s.Condition["StringEquals"][strings.TrimPrefix(s.Principal["Federated"], "arn:aws:iam::ACCOUNT:oidc-provider/")+":aud"] != "sts.amazonaws.com" {
				t.Errorf("any audience will do: %v", s)
			}
		}
		return all
	}
	c := atAWS()
	for _, test := range []struct {
		origin        project.Origin
		publish, plan []string
	}{
		{
			project.Origin{Host: "github.com", Path: "acme/ota"},
			[]string{
				"StringEquals token.actions.githubusercontent.com repo:acme/ota:ref:refs/heads/main",
				"StringEquals token.actions.githubusercontent.com repo:acme@OWNER_ID/ota@REPOSITORY_ID:ref:refs/heads/main",
				"StringEquals gitlab.com project_path:GROUP/PROJECT:ref_type:branch:ref:main",
			},
			[]string{
				"StringEquals token.actions.githubusercontent.com repo:acme/ota:pull_request",
				"StringEquals token.actions.githubusercontent.com repo:acme@OWNER_ID/ota@REPOSITORY_ID:pull_request",
				"StringLike gitlab.com project_path:GROUP/PROJECT:ref_type:branch:ref:*",
			},
		},
		{
			project.Origin{Host: "gitlab.example.com", Path: "acme/fw/ota"},
			[]string{
				"StringEquals token.actions.githubusercontent.com repo:OWNER/REPOSITORY:ref:refs/heads/main",
				"StringEquals token.actions.githubusercontent.com repo:OWNER@OWNER_ID/REPOSITORY@REPOSITORY_ID:ref:refs/heads/main",
				"StringEquals gitlab.example.com project_path:acme/fw/ota:ref_type:branch:ref:main",
			},
			[]string{
				"StringEquals token.actions.githubusercontent.com repo:OWNER/REPOSITORY:pull_request",
				"StringEquals token.actions.githubusercontent.com repo:OWNER@OWNER_ID/REPOSITORY@REPOSITORY_ID:pull_request",
				"StringLike gitlab.example.com project_path:acme/fw/ota:ref_type:branch:ref:*",
			},
		},
	} {
		all := policies(t, c, "fridges", test.origin)
		if diff := cmp.Diff(test.publish, subjects(all["publish-trust"])); diff != "" {
			t.Errorf("publish, of %v (-want +got):\n%s", test.origin, diff)
		}
		if diff := cmp.Diff(test.plan, subjects(all["plan-trust"])); diff != "" {
			t.Errorf("plan, of %v (-want +got):\n%s", test.origin, diff)
		}
	}
}

// TestKeys is a service other than AWS, where there is nobody to trust.
func TestKeys(t *testing.T) {
	list, err := project.Policies(elsewhere(), "fridges", project.Origin{})
	if err != nil || len(list) != 2 || slices.ContainsFunc(list, func(p project.Policy) bool { return strings.HasSuffix(p.Name, "trust") }) {
		t.Errorf("got %v, %v", list, err)
	}
	c := atAWS()
	c.Publish.To = "dir:public"
	if _, err := project.Policies(c, "fridges", project.Origin{}); err == nil {
		t.Error("a folder has a policy")
	}
}
