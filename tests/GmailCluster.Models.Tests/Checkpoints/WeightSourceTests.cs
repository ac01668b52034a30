using System.Text.Json.Nodes;
using GmailCluster.Errors;
using GmailCluster.Golden;
using GmailCluster.Models.Safetensors;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace GmailCluster.Models.Checkpoints;

public sealed class WeightSourceTests
{
    private static string Sharded => Path.Combine(Goldens.Folder("files"), "sharded-gpt2");

    [Fact]
    public void Shards_are_read_as_one_set_of_weights()
    {
        using var weights = WeightSource.OpenFolder(Sharded, "model");
        var expected = JsonNode.Parse(File.ReadAllText(Path.Combine(Sharded, "expected.json")))!.AsObject();

        foreach (var (name, node) in expected.Where(e => e.Key != "lm_head.weight" || weights.Names.Contains(e.Key)))
        {
            using var scope = NewDisposeScope();
            var value = weights.Load(name);
            Assert.Equal(node!["shape"]!.AsArray().Select(n => n!.GetValue<long>()), value.shape);
            var sum = node["sum"]!.GetValue<double>();
            Assert.Equal(sum, value.to_type(ScalarType.Float64).sum().item<double>(), 1e-4 * Math.Max(1, Math.Abs(sum)));
        }

        Assert.NotEmpty(weights.Names);
        Assert.Equal(weights.Names.Order(StringComparer.Ordinal), weights.Names);
    }

    [Theory]
    [InlineData("missing-shard", "cannot be read")]
    [InlineData("moved", "does not hold it")]
    [InlineData("unlisted", "does not list")]
    [InlineData("outside", "not a file beside it")]
    public void An_index_that_disagrees_with_its_shards_is_refused(string damage, string reason)
    {
        using var folder = new TemporaryFolder();
        foreach (var file in Directory.GetFiles(Sharded))
        {
            File.Copy(file, folder[Path.GetFileName(file)]);
        }

        var path = folder["model.safetensors.index.json"];
        var index = JsonNode.Parse(File.ReadAllText(path))!;
        var map = index["weight_map"]!.AsObject();
        var first = map.First();
        var other = map.First(m => m.Value!.GetValue<string>() != first.Value!.GetValue<string>());
        switch (damage)
        {
            case "missing-shard": File.Delete(folder[first.Value!.GetValue<string>()]); break;
            case "moved": map[first.Key] = other.Value!.GetValue<string>(); break;
            case "unlisted": map.Remove(first.Key); break;
            default: map[first.Key] = "../elsewhere.safetensors"; break;
        }

        File.WriteAllText(path, index.ToJsonString());

        Assert.Contains(reason, Assert.Throws<InputException>(() => WeightSource.OpenFolder(folder.Path, "model")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("pytorch_model.bin")]
    [InlineData("model.pt")]
    [InlineData("v1-5.ckpt")]
    public void A_pickle_is_refused_with_the_way_to_convert_it(string name)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder[name], [0x80, 2]);

        var error = Assert.Throws<InputException>(() => WeightSource.OpenFolder(folder.Path, "model"));

        Assert.Contains("save_file", error.Remedy, StringComparison.Ordinal);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_module_is_filled_strictly()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var module = Linear(3, 2);
        var weight = arange(6, ScalarType.Float32).view(2, 3);
        Write(folder["good.safetensors"], ("weight", weight.to_type(ScalarType.Float16)), ("bias", ones(2)));
        Write(folder["missing.safetensors"], ("weight", weight));
        Write(folder["shape.safetensors"], ("weight", weight.t()), ("bias", ones(2)));
        Write(folder["extra.safetensors"], ("weight", weight), ("bias", ones(2)), ("position_ids", ones(2)));

        Open(folder["good.safetensors"], w => w.LoadInto(module));
        Goldens.AssertClose(weight, module.weight!, 0);

        Refused(folder["missing.safetensors"], w => w.LoadInto(module), "'bias'", "[2]");
        Refused(folder["shape.safetensors"], w => w.LoadInto(module), "'weight'", "[3, 2]", "[2, 3]");
        Refused(folder["extra.safetensors"], w => w.LoadInto(module), "'position_ids'");
        Open(folder["extra.safetensors"], w => w.LoadInto(module, ignore: "position_ids$"));
        Open(folder["shape.safetensors"], w => w.LoadInto(module, relayout: (name, value) => name == "weight" ? value.t() : value.alias()));
        Goldens.AssertClose(weight, module.weight!, 0);
    }

    private static void Write(string path, params (string Name, Tensor Value)[] tensors) =>
        SafetensorsWriter.Write(path, tensors.Select(t => KeyValuePair.Create(t.Name, t.Value)));

    private static void Open(string path, Action<WeightSource> act)
    {
        using var weights = WeightSource.OpenFile(path);
        act(weights);
    }

    private static void Refused(string path, Action<WeightSource> act, params string[] parts)
    {
        var error = Assert.Throws<InputException>(() => Open(path, act));
        Assert.All(parts.Append(path), part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
    }
}
