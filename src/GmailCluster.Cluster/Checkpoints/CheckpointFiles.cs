using System.Runtime.InteropServices;
using System.Text.Json;
using GmailCluster.Errors;
using GmailCluster.Learning.Optim;
using GmailCluster.Learning.Training;
using GmailCluster.Models.Safetensors;
using GmailCluster.Stages;
using static TorchSharp.torch;

namespace GmailCluster.Cluster.Checkpoints;

/// <summary>
/// A checkpoint as files: <c>model.safetensors</c> (trainable parameters by name), <c>optimizer.safetensors</c> (AdamW's moments,
/// named as torch names them) and <c>state.json</c>.
/// </summary>
internal static class CheckpointFiles
{
    private const string Model = "model.safetensors";
    private const string Optimizer = "optimizer.safetensors";
    private const string State = "state.json";
    private const string First = "exp_avg.";
    private const string Second = "exp_avg_sq.";
    private const int HeaderBytes = 1 << 16; // of most models; more only grows

    /// <summary>The files, in the order in which they are written.</summary>
    public static IReadOnlyList<string> Names { get; } = [Model, Optimizer, State];

    public static IReadOnlyList<(string Name, byte[] Content)> Write(FlatParameters layout, Checkpoint checkpoint)
    {
        using var scope = NewDisposeScope();
        var (state, seconds) = checkpoint;
        var moments = Named(layout, state.FirstMoment, First).Concat(Named(layout, state.SecondMoment, Second));
        return
        [
            (Model, Safetensors(layout.Length, Named(layout, state.Values, ""))),
            (Optimizer, Safetensors(2L * layout.Length, moments)),
            (State, JsonSerializer.SerializeToUtf8Bytes(new StateFile(state.Losses.Count, seconds, state.Losses), StageJson.Options)),
        ];
    }

    public static Checkpoint Read(FlatParameters layout, IReadOnlyDictionary<string, byte[]> files, string where)
    {
        var state = JsonSerializer.Deserialize<StateFile>(files[State], StageJson.Options)
            ?? throw new GmailClusterException(where + State, "is empty.", "Remove the checkpoint folder: the run then resumes from an older one.");
        using var model = SafetensorsFile.Read(files[Model], where + Model);
        using var optimizer = SafetensorsFile.Read(files[Optimizer], where + Optimizer);
        return new Checkpoint(
            new TrainingState(state.Losses, Flat(layout, model, ""), Flat(layout, optimizer, First), Flat(layout, optimizer, Second)), state.Seconds);
    }

    private static IEnumerable<KeyValuePair<string, Tensor>> Named(FlatParameters layout, float[] flat, string prefix)
    {
        var whole = from_array(flat); // [N]
        return layout.Slices.Select(slice => KeyValuePair.Create(prefix + slice.Name, whole.narrow(0, slice.Offset, slice.Count).view([.. slice.Shape])));
    }

    private static byte[] Safetensors(long count, IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        // Sized beforehand: a stream that grows copies what it has, again and again, while training wants the memory's bandwidth.
        using var stream = new MemoryStream((int)long.Min((count * sizeof(float)) + HeaderBytes, Array.MaxLength));
        SafetensorsWriter.Write(stream, tensors);
        return stream.ToArray();
    }

    private static float[] Flat(FlatParameters layout, SafetensorsFile file, string prefix)
    {
        var flat = new float[layout.Length];
        foreach (var slice in layout.Slices)
        {
            var name = prefix + slice.Name;
            if (!file.Entries.TryGetValue(name, out var entry) || !entry.Shape.SequenceEqual(slice.Shape))
            {
                throw new GmailClusterException(
                    file.Where, $"{name} is missing or does not have the shape [{string.Join(", ", slice.Shape)}].",
                    "The model's code has changed under this run: remove its folder to train it anew.");
            }

            using var values = file.Load(name, ScalarType.Float32);
            MemoryMarshal.Cast<byte, float>(values.bytes).CopyTo(flat.AsSpan(slice.Offset, slice.Count));
        }

        return flat;
    }

    private sealed record StateFile(int Step, double Seconds, IReadOnlyList<double> Losses);
}
