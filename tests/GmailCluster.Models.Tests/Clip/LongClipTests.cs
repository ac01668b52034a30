using GmailCluster.Golden;
using static TorchSharp.torch;

namespace GmailCluster.Models.Clip;

public sealed class LongClipTests
{
    [Fact]
    public void Positions_are_stretched_by_Long_CLIPs_rule()
    {
        using var scope = NewDisposeScope();
        using var reference = Goldens.Reference("long-clip-positions");
        var notes = Goldens.Notes("long-clip-positions");

        var stretched = LongClip.StretchPositions(reference.Load("positions"), notes["keep"]!.GetValue<int>(), notes["ratio"]!.GetValue<int>());

        Goldens.AssertClose(reference.Load("stretched"), stretched, 1e-6);
    }

    [Fact]
    public void A_stretched_tower_reads_longer_texts_and_is_saved_with_its_new_length()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        using var model = ClipModel.Load(Goldens.Folder("clip-gelu"));
        using var untouched = ClipModel.Load(Goldens.Folder("clip-gelu"));
        var (kept, length) = (6, model.Config.TextConfig.MaxPositionEmbeddings);
        var longer = kept + ((length - kept) * 4);
        var eos = model.Config.TextConfig.EosTokenId!.Value;
        var ids = full([1, longer], 5, dtype: ScalarType.Int64);
        ids[0, longer - 1] = tensor((long)eos);
        var shortIds = tensor(new long[,] { { 7, 5, 9, eos } });

        model.Text.Stretch(kept, 4);
        ClipCheckpoint.Save(model, folder.Path, ClipLayout.HuggingFace);
        using var loaded = ClipModel.Load(folder.Path);

        Assert.Equal(longer, loaded.Config.TextConfig.MaxPositionEmbeddings);
        Assert.Contains(model.Text.named_parameters(), p => p.name == "text_model.embeddings.position_embedding.weight" && p.parameter.shape[0] == longer && p.parameter.requires_grad);
        Goldens.AssertClose(model.Text.Encode(ids).Embedding, loaded.Text.Encode(ids).Embedding, 0);
        Goldens.AssertClose(untouched.Text.Encode(shortIds).Embedding, loaded.Text.Encode(shortIds).Embedding, 0);
        Assert.Throws<ArgumentException>(() => untouched.Text.Encode(ids));
    }
}
