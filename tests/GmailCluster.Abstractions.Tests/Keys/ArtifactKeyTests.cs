using System.Text.Json;
using GmailCluster.Keys;
using GmailCluster.Specs;
using GmailCluster.Stages;

namespace GmailCluster.Tests.Keys;

public sealed class ArtifactKeyTests
{
    [Fact]
    public void A_key_is_the_hash_of_the_canonical_json()
    {
        // The first half of the SHA-256 of
        // {"stage":"align","version":3,"spec":{"a":[{"c":1,"d":2}],"b":0.5,"long_name":"x"},"inputs":["x","y"]}
        var key = ArtifactKey.Of("align", 3, new { LongName = "x", B = 0.5, A = new[] { new { d = 2, c = 1 } } }, "x", "y");

        Assert.Equal("75d24dec6cbecd9dab0eb044647c4327", key.Value);
        Assert.Equal(key.Value, key.ToString());
    }

    [Fact]
    public void The_order_of_members_does_not_count_but_that_of_lists_does()
    {
        Assert.Equal(ArtifactKey.Of("s", 1, new { A = 1, B = 2 }), ArtifactKey.Of("s", 1, new { B = 2, A = 1 }));
        Assert.NotEqual(ArtifactKey.Of("s", 1, new { A = new[] { 1, 2 } }), ArtifactKey.Of("s", 1, new { A = new[] { 2, 1 } }));
    }

    [Fact]
    public void Everything_that_makes_an_artifact_counts()
    {
        var spec = new AlignSpec();
        ArtifactKey[] keys =
        [
            ArtifactKey.Of("align", 1, spec), ArtifactKey.Of("train", 1, spec), ArtifactKey.Of("align", 2, spec),
            ArtifactKey.Of("align", 1, spec with { Steps = spec.Steps + 1 }),
            ArtifactKey.Of("align", 1, spec with { Lora = spec.Lora with { Rank = 5 } }),
            ArtifactKey.Of("align", 1, spec, ""), ArtifactKey.Of("align", 1, spec, "a"), ArtifactKey.Of("align", 1, spec, "a", "b"),
            ArtifactKey.Of("align", 1, spec, "b", "a"), ArtifactKey.Of("align", 1, spec, "ab"),
        ];

        Assert.Equal(keys.Length, keys.Distinct().Count());
        Assert.Equal(keys[0], ArtifactKey.Of("align", 1, new AlignSpec()));
        Assert.All(keys, key => Assert.Matches("^[0-9a-f]{32}$", key.Value));
    }

    [Fact]
    public void A_key_does_not_depend_on_the_culture()
    {
        var before = Thread.CurrentThread.CurrentCulture;
        var expected = ArtifactKey.Of("s", 1, new { Rate = 0.003, Caf\u00e9 = "na\u00efve" });
        try
        {
            Thread.CurrentThread.CurrentCulture = System.Globalization.CultureInfo.GetCultureInfo("de-DE");
            Assert.Equal(expected, ArtifactKey.Of("s", 1, new { Rate = 0.003, Caf\u00e9 = "na\u00efve" }));
        }
        finally
        {
            Thread.CurrentThread.CurrentCulture = before;
        }
    }

    [Fact]
    public void A_spec_that_was_parsed_gives_the_key_of_the_record_it_was()
    {
        var spec = new LoraSpec { Rank = 8 };

        Assert.Equal(ArtifactKey.Of("s", 1, spec), ArtifactKey.Of("s", 1, JsonSerializer.SerializeToNode(spec, StageJson.Options)!));
    }
}
