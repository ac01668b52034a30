using GmailCluster.Golden;
using GmailCluster.Models.Checkpoints;
using GmailCluster.Models.Gpt2;
using TorchSharp;
using static TorchSharp.torch;

namespace GmailCluster.Models.ClipCap;

public sealed class ClipCapReferenceTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Theory]
    [InlineData("clipcap-mlp", MappingType.Mlp)]
    [InlineData("clipcap-transformer", MappingType.Transformer)]
    public void Prefix_and_gradients_are_those_of_CLIP_prefix_caption(string name, MappingType type)
    {
        var notes = Goldens.Notes(name);
        var config = ConfigFile.Convert<ClipCapConfig>(notes, "reference.json") with { MappingType = type };
        var width = notes["gpt_embedding_size"]!.GetValue<int>();
        var model = ClipCapModel.Create(config, new Gpt2Model(new() { NEmbd = width, NHead = 1, NLayer = 1, VocabSize = 3 }, new()), new Generator(1));
        model.LoadMapper(Path.Combine(Goldens.Folder(name), "model.safetensors"));
        using var reference = Goldens.Reference(name);

        var prefix = model.Prefix(reference.Load("clip_embedding"));

        Goldens.AssertClose(reference.Load("prefix"), prefix);
        LanguageModelReference.AssertGradients(reference, prefix.square().sum(), model.Mapper.named_parameters());
    }
}
