using GmailCluster.Data.Captions;
using GmailCluster.Data.Tests.Storage;
using GmailCluster.Errors;
using GmailCluster.Specs;

namespace GmailCluster.Data.Tests.Captions;

/// <summary>What the tests of all layouts share: a folder, and short ways to open it.</summary>
public abstract class ImportTest : IDisposable
{
    private protected ScratchFolder Folder { get; } = new();

    private protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected Task<Dataset> Open(DatasetSpec spec, BadRecords badRecords = BadRecords.Refuse) =>
        DatasetReader.Open(spec, Folder.Path, badRecords, Token);

    private protected Task<Dataset> Open(string path) => Open(new DatasetSpec { Path = path });

    private protected async Task<InputException> Refusal(DatasetSpec spec)
    {
        var error = await Assert.ThrowsAsync<InputException>(() => Open(spec));
        Assert.StartsWith(Folder.Path, error.Message, StringComparison.Ordinal);
        Assert.NotEmpty(error.Remedy);
        return error;
    }

    /// <summary>Opens leaving bad records out, checks that the same file is refused by default, and gives the problems.</summary>
    private protected async Task<(Dataset Data, string[] Problems)> OpenWithProblems(DatasetSpec spec)
    {
        var data = await Open(spec, BadRecords.LeaveOut);
        var problems = data.Report.Problems.Select(problem => problem.ToString()).ToArray();
        if (problems.Length > 0)
        {
            var error = await Refusal(spec);
            Assert.Contains($"{problems.Length} of {data.Report.RecordCount} records cannot be used", error.Message, StringComparison.Ordinal);
            Assert.All(problems.Take(20), problem => Assert.Contains($"\n  {problem}", error.Message, StringComparison.Ordinal));
        }

        return (data, problems);
    }

    private protected static async Task<string> Marks(Dataset data)
    {
        var marks = new int[data.Samples.Count];
        for (var i = 0; i < marks.Length; i++)
        {
            marks[i] = await Mark(data.Samples[i]);
        }

        return string.Join(", ", marks);
    }

    private protected static async Task<byte> Mark(Sample sample) => (await sample.ReadImage(Token))[^1];
}
